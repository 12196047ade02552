"""What is generated from the contracts: documents, schemas and snapshots."""
