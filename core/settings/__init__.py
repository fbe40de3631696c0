"""Settings by group; `loading` reads them."""
