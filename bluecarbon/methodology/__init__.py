"""Rule books: what may be claimed from a ``Monitoring``, equation by equation."""
