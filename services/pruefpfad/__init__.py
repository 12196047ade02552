"""The composition root: the only place that knows all services. Command line, embedded runner."""
