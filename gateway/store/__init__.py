"""The database: tables, migrations, and what each process may do."""
