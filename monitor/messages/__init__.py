"""Notifications, reminders and the weekly digest."""
