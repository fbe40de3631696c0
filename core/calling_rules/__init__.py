"""When a person may be called: hours, holidays and limits of attempts, by the clock of the person (decision 46)."""
