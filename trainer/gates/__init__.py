"""The gates of a training: data, model, and champion."""
