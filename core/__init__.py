"""What every service shares: schema, settings, errors, storage adapters. Imports no service."""
