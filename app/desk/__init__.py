"""Parts of the desk for agents, and their settings for managers: notes, own results, the address for dialling."""
