"""The second factor in the browser: the second step of a sign-in, and the page on which one's own passkeys are made."""
