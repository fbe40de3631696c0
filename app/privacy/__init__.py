"""The page of privacy: erasing a person, and the receipts of it."""
