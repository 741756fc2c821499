"""Kills what carries events and mail while it works, and says by the ledgers whether anything went wrong."""
