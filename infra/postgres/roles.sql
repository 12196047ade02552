-- The roles of the distributed run, made once by a superuser in an empty database. They are not
-- members of one another, and own nothing but what the migration creates. What each may do is
-- said by `pruefpfad store migrate`, which the role of the migration runs.
--
-- Run it with psql 15 or newer; the container of docker-compose.yml does so at its first start.
-- Each password is taken from the environment, and a missing one ends the script.

\set ON_ERROR_STOP on

REVOKE ALL ON DATABASE :"DBNAME" FROM PUBLIC;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

\getenv password POSTGRES_MIGRATION_PASSWORD
CREATE ROLE pruefpfad_migration LOGIN PASSWORD :'password';
GRANT CONNECT, CREATE ON DATABASE :"DBNAME" TO pruefpfad_migration;
\unset password

\getenv password POSTGRES_READER_PASSWORD
CREATE ROLE pruefpfad_reader LOGIN PASSWORD :'password';
GRANT CONNECT ON DATABASE :"DBNAME" TO pruefpfad_reader;
\unset password

\getenv password POSTGRES_AUDITOR_PASSWORD
CREATE ROLE pruefpfad_auditor LOGIN PASSWORD :'password';
GRANT CONNECT ON DATABASE :"DBNAME" TO pruefpfad_auditor;
-- What an auditor reads by SQL goes into the server's log. Only a superuser may set or unset it.
ALTER ROLE pruefpfad_auditor SET log_statement = 'all';
\unset password

\getenv password POSTGRES_COURIER_PASSWORD
CREATE ROLE pruefpfad_courier LOGIN PASSWORD :'password';
GRANT CONNECT ON DATABASE :"DBNAME" TO pruefpfad_courier;
\unset password

\getenv password POSTGRES_INTAKE_PASSWORD
CREATE ROLE pruefpfad_intake LOGIN PASSWORD :'password';
GRANT CONNECT ON DATABASE :"DBNAME" TO pruefpfad_intake;
\unset password

\getenv password POSTGRES_INTAKE_RELAY_PASSWORD
CREATE ROLE pruefpfad_intake_relay LOGIN PASSWORD :'password';
GRANT CONNECT ON DATABASE :"DBNAME" TO pruefpfad_intake_relay;
\unset password

\getenv password POSTGRES_INTAKE_CHECKPOINTER_PASSWORD
CREATE ROLE pruefpfad_intake_checkpointer LOGIN PASSWORD :'password';
GRANT CONNECT ON DATABASE :"DBNAME" TO pruefpfad_intake_checkpointer;
\unset password

\getenv password POSTGRES_ELIGIBILITY_PASSWORD
CREATE ROLE pruefpfad_eligibility LOGIN PASSWORD :'password';
GRANT CONNECT ON DATABASE :"DBNAME" TO pruefpfad_eligibility;
\unset password

\getenv password POSTGRES_ELIGIBILITY_RELAY_PASSWORD
CREATE ROLE pruefpfad_eligibility_relay LOGIN PASSWORD :'password';
GRANT CONNECT ON DATABASE :"DBNAME" TO pruefpfad_eligibility_relay;
\unset password

\getenv password POSTGRES_ELIGIBILITY_CHECKPOINTER_PASSWORD
CREATE ROLE pruefpfad_eligibility_checkpointer LOGIN PASSWORD :'password';
GRANT CONNECT ON DATABASE :"DBNAME" TO pruefpfad_eligibility_checkpointer;
\unset password

\getenv password POSTGRES_BUDGETING_PASSWORD
CREATE ROLE pruefpfad_budgeting LOGIN PASSWORD :'password';
GRANT CONNECT ON DATABASE :"DBNAME" TO pruefpfad_budgeting;
\unset password

\getenv password POSTGRES_BUDGETING_RELAY_PASSWORD
CREATE ROLE pruefpfad_budgeting_relay LOGIN PASSWORD :'password';
GRANT CONNECT ON DATABASE :"DBNAME" TO pruefpfad_budgeting_relay;
\unset password

\getenv password POSTGRES_BUDGETING_CHECKPOINTER_PASSWORD
CREATE ROLE pruefpfad_budgeting_checkpointer LOGIN PASSWORD :'password';
GRANT CONNECT ON DATABASE :"DBNAME" TO pruefpfad_budgeting_checkpointer;
\unset password

\getenv password POSTGRES_DISBURSEMENT_PASSWORD
CREATE ROLE pruefpfad_disbursement LOGIN PASSWORD :'password';
GRANT CONNECT ON DATABASE :"DBNAME" TO pruefpfad_disbursement;
\unset password

\getenv password POSTGRES_DISBURSEMENT_RELAY_PASSWORD
CREATE ROLE pruefpfad_disbursement_relay LOGIN PASSWORD :'password';
GRANT CONNECT ON DATABASE :"DBNAME" TO pruefpfad_disbursement_relay;
\unset password

\getenv password POSTGRES_DISBURSEMENT_CHECKPOINTER_PASSWORD
CREATE ROLE pruefpfad_disbursement_checkpointer LOGIN PASSWORD :'password';
GRANT CONNECT ON DATABASE :"DBNAME" TO pruefpfad_disbursement_checkpointer;
\unset password

\getenv password POSTGRES_AUDIT_PASSWORD
CREATE ROLE pruefpfad_audit LOGIN PASSWORD :'password';
GRANT CONNECT ON DATABASE :"DBNAME" TO pruefpfad_audit;
\unset password

\getenv password POSTGRES_AUDIT_RELAY_PASSWORD
CREATE ROLE pruefpfad_audit_relay LOGIN PASSWORD :'password';
GRANT CONNECT ON DATABASE :"DBNAME" TO pruefpfad_audit_relay;
\unset password

\getenv password POSTGRES_AUDIT_CHECKPOINTER_PASSWORD
CREATE ROLE pruefpfad_audit_checkpointer LOGIN PASSWORD :'password';
GRANT CONNECT ON DATABASE :"DBNAME" TO pruefpfad_audit_checkpointer;
\unset password
