"""Settings of what people meet: the screens and who may sign in to them, messages, and being forgotten."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr

from core.settings.group import Group


class ErasureSettings(Group):
    """How people who were erased are recognised."""

    callwise_erasure_key: SecretStr | None = Field(
        None, description="key of the hash that recognises people who were erased; without it nobody can be erased"
    )

    @property
    def erasure_key(self) -> str | None:
        """The key itself."""
        return self.callwise_erasure_key.get_secret_value() if self.callwise_erasure_key else None


class NotifySettings(Group):
    """Who is told what, and when."""

    callwise_notify_urls: SecretStr | None = Field(
        None, description="addresses that Apprise sends to, separated by spaces; hold passwords and tokens"
    )
    callwise_notify_seconds: float = Field(15.0, gt=0, description="seconds between looks for what is to be told")
    callwise_app_page: str | None = Field(None, description="address at which people open the app, named in messages")
    callwise_digest_weekday: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] = (
        Field("monday", description="weekday on which the digest of the week is made")
    )
    callwise_digest_hour: int = Field(6, ge=0, le=23, description="hour (UTC) at which it is made")
    callwise_hold_days: float = Field(7.0, gt=0, description="days after which, again and again, a hold is reminded of")


class AppSettings(Group):
    """What the screens do."""

    callwise_claim_minutes: float = Field(
        15.0, gt=0, description="minutes a prospect stays held after the agent's card was last open"
    )
    callwise_overdue_minutes: float = Field(
        10.0, ge=0, description="minutes after its time from which anybody gets a promised call"
    )
    callwise_pause_hours: float = Field(
        4.0, gt=0, description="hours before a person who did not answer is tried again"
    )
    callwise_attempts: int = Field(5, ge=1, description="unanswered calls after which a person is off the list")
    callwise_callback_days: int = Field(90, ge=1, description="days ahead for which a call may be promised")
    mlflow_tracking_uri: str | None = Field(None, description="address of the MLflow server; asked for lineage")
    mlserver_url: str | None = Field(None, description="address of MLServer (V2 protocol); asked what would be")
    callwise_session_idle_minutes: float = Field(
        120.0, gt=0, description="minutes after which somebody who does nothing is signed out"
    )
    callwise_session_hours: float = Field(12.0, gt=0, description="hours after which everybody signs in again")
    callwise_sso_metadata: str | None = Field(
        None, description="address of the single sign-on's OpenID Connect metadata; without one there is none"
    )
    callwise_sso_client_id: str | None = Field(None, description="what the app is called at the provider")
    callwise_sso_client_secret: SecretStr | None = Field(None, description="the app's secret at the provider")
    callwise_sso_title: str = Field("single sign-on", description="what people call it: Sign in with …")
    callwise_sso_domains: str = Field(
        "",
        description="domains of e-mail addresses that are let in, separated by spaces; none: everybody",
    )
    callwise_sso_claim: str = Field(
        "", description="claim whose values give roles; without one roles are given in the app"
    )
    callwise_sso_roles: str = Field("", description="its values and their roles, VALUE=ROLE, separated by spaces")
    callwise_sso_default_role: Literal["agent", "manager", "engineer", "none"] = Field(
        "agent", description="role of who has none of these values; none: they are not let in"
    )
    callwise_mlflow_page: str | None = Field(None, description="address at which people open MLflow, if they may")
    callwise_prefect_page: str | None = Field(None, description="address at which people open Prefect, if they may")
    callwise_evidently_page: str | None = Field(None, description="address at which people open Evidently, if they may")
    callwise_model_name: str = Field("prospect-scorer", description="name of the registered model")


class FirstAccountSettings(Group):
    """The account that an appliance without any is given."""

    admin_password: SecretStr | None = Field(None, description="first password of the app's account admin")
