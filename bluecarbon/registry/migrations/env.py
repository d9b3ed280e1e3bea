"""What alembic runs: the steps that are due, in the transaction that :mod:`..migrate` opened."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    # One transaction for all steps: a migration that fails leaves the registry as it was.
    transactional_ddl=True,
)
context.run_migrations()
