"""Who asks: tokens, their scopes and limits, and answers that are kept for a repeated request."""
