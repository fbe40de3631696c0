"""Makes the modules beside it importable by the tests of every kind."""
