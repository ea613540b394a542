"""`SQLAlchemyStore` on PostgreSQL, MariaDB and SQLite."""
