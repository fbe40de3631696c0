"""Settings for people: screens, sign-in, messages and erasure."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr

from core.settings.group import Group


class ErasureKey(Group):
    """The key of hashes that outlive what they are of."""

    callwise_erasure_key: SecretStr | None = Field(
        None, description="key of the hash that recognises erased people; after a comma, former ones"
    )

    @property
    def erasure_key(self) -> str | None:
        """The key itself."""
        return self.callwise_erasure_key.get_secret_value() if self.callwise_erasure_key else None


class ErasureSettings(ErasureKey):
    """How people who were erased are recognised."""


class ContactSettings(ErasureKey):
    """How names and numbers are kept; wishes know numbers by hashes under the keys of erasure."""

    callwise_contact_key: SecretStr | None = Field(
        None, description="key that encrypts names and numbers; after a comma, former ones"
    )


class SecondFactorSettings(Group):
    """The second factor at sign-in."""

    callwise_second_factor: Literal["offered", "required"] = Field(
        "offered", description="required: managers and engineers switch it on at their next sign-in"
    )
    callwise_second_factor_key: SecretStr | None = Field(
        None, description="key that encrypts the secrets of second factors; after a comma, former ones"
    )


class NotifySettings(Group):
    """Messages: addresses and times."""

    callwise_notify_urls: SecretStr | None = Field(None, description="addresses for Apprise; hold passwords and tokens")
    callwise_notify_seconds: float = Field(15.0, gt=0, description="seconds between checks for new messages")
    callwise_app_page: str | None = Field(None, description="address at which people open the app, for messages")
    callwise_digest_weekday: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] = (
        Field("monday", description="weekday on which the digest of the week is made")
    )
    callwise_digest_hour: int = Field(6, ge=0, le=23, description="hour (UTC) of the week's digest")
    callwise_hold_days: float = Field(7.0, gt=0, description="days between reminders of a hold")


class DoorSettings(Group):
    """The door that people come through."""

    callwise_door: str | None = Field(None, description="HOST:PORT at which the monitor looks at the certificate")


class AppSettings(Group):
    """The screens: the call list, sign-in and links."""

    mlflow_tracking_uri: str | None = Field(None, description="address of the MLflow server; asked for lineage")
    mlserver_url: str | None = Field(None, description="address of MLServer (V2 protocol); asked what would be")
    callwise_session_idle_minutes: float = Field(120.0, gt=0, description="minutes without activity that end a session")
    callwise_session_hours: float = Field(12.0, gt=0, description="hours after which every session ends")
    callwise_sso_metadata: str | None = Field(None, description="address of the OpenID Connect metadata, if any")
    callwise_sso_client_id: str | None = Field(None, description="the app's name at the provider")
    callwise_sso_client_secret: SecretStr | None = Field(None, description="the app's secret at the provider")
    callwise_sso_title: str = Field("single sign-on", description="name of the single sign-on in: Sign in with …")
    callwise_sso_domains: str = Field("", description="admitted domains of e-mail addresses, separated by spaces")
    callwise_sso_claim: str = Field("", description="claim that gives roles; without it the app gives them")
    callwise_sso_roles: str = Field("", description="values of the claim with roles, VALUE=ROLE, separated by spaces")
    callwise_sso_default_role: Literal["agent", "manager", "engineer", "none"] = Field(
        "agent", description="role of people without such a value; none: they are not admitted"
    )
    callwise_app_page: str | None = Field(None, description="address at which people open the app, behind a door")
    callwise_mlflow_page: str | None = Field(None, description="address at which people open MLflow")
    callwise_prefect_page: str | None = Field(None, description="address at which people open Prefect")
    callwise_evidently_page: str | None = Field(None, description="address at which people open Evidently")
    callwise_model_name: str = Field("prospect-scorer", description="name of the registered model")
    callwise_app_metrics_host: str = Field("127.0.0.1", description="address on which the app gives its figures")
    callwise_app_metrics_port: int | None = Field(None, description="port of the app's figures; without it, none")


class CallSettings(Group):
    """The rules of the call list, for every door that agents come through."""

    callwise_claim_minutes: float = Field(15.0, gt=0, description="minutes that a claim outlasts its open card")
    callwise_overdue_minutes: float = Field(10.0, ge=0, description="minutes after which any agent gets a callback")
    callwise_pause_hours: float = Field(4.0, gt=0, description="hours before the next attempt when nobody answered")
    callwise_attempts: int = Field(5, ge=1, description="unanswered calls after which a prospect is off the list")
    callwise_callback_days: int = Field(90, ge=1, description="days ahead for which a callback may be promised")


class ApiSettings(Group):
    """The API for other programs."""

    callwise_api_host: str = Field("127.0.0.1", description="address on which the API listens")
    callwise_api_port: int = Field(8092, description="port of the API")
    callwise_api_requests: int = Field(6000, ge=1, description="requests a minute that one token may send")
    callwise_api_megabytes: int = Field(20, ge=1, le=200, description="megabytes that the body of a request may have")
    callwise_model_name: str = Field("prospect-scorer", description="name of the registered model")


class FirstAccountSettings(Group):
    """The first account of an appliance without accounts."""

    admin_password: SecretStr | None = Field(None, description="first password of the app's account admin")
