"""Upgrades an appliance to another release, and takes it back by itself if the new one is not well.

The upgrade replaces the code that it came from. So it runs from a copy of this package, with the standard library of
Python 3.9 or newer alone, and reaches the appliance through the scripts and commands of whichever release is in place.
Only `within` is part of the appliance, and is run as one of its commands.
"""
