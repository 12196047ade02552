-- The roles of the vault, made once by a superuser in an empty database on a server of its own. What
-- each may do is said by `pruefpfad keys migrate`, which the vault's owner runs.
--
-- Run it with psql 15 or newer; the container of docker-compose.yml does so at its first start.
-- Each password is taken from the environment, and a missing one ends the script.

\set ON_ERROR_STOP on

REVOKE ALL ON DATABASE :"DBNAME" FROM PUBLIC;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

\getenv password VAULT_OWNER_PASSWORD
CREATE ROLE pruefpfad_vault LOGIN PASSWORD :'password';
GRANT CONNECT, CREATE ON DATABASE :"DBNAME" TO pruefpfad_vault;
\unset password

\getenv password VAULT_BORDER_PASSWORD
CREATE ROLE pruefpfad_border LOGIN PASSWORD :'password';
GRANT CONNECT ON DATABASE :"DBNAME" TO pruefpfad_border;
\unset password

\getenv password VAULT_INTAKE_PASSWORD
CREATE ROLE pruefpfad_intake LOGIN PASSWORD :'password';
GRANT CONNECT ON DATABASE :"DBNAME" TO pruefpfad_intake;
\unset password

\getenv password VAULT_DISBURSEMENT_PASSWORD
CREATE ROLE pruefpfad_disbursement LOGIN PASSWORD :'password';
GRANT CONNECT ON DATABASE :"DBNAME" TO pruefpfad_disbursement;
\unset password
