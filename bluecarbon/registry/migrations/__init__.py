"""From every earlier version of the schema to the one of this program, with alembic.

A revision is a file in ``versions`` and, for what it states in SQL, a file per database in
``statements``. These never change: they say what the schema was, whatever the program says now.
"""
