"""The database: connection, tables and schema."""
