"""When a person may be called, on the screens: the form of the rules, figures, the person's time, promises."""
