"""The settings of the process, from its environment: where the cluster is, where records live, how Slack is reached.

Names are those of docs/reference.md. A wrong value is a refusal that names the variable, never a traceback; values of
tokens are never shown.
"""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from strategies.refusal import Refusal

_HIGHEST_PORT = 65535


class Settings(BaseSettings):
    """What the process is told. Frozen; `load` makes it."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", env_ignore_empty=True, populate_by_name=True
    )

    kubeconfig: str | None = Field(
        None,
        validation_alias="KUBECONFIG",
        description="Path. Default: the account of the pod it runs in, so that in a cluster nothing need be set.",
    )
    namespace: str = Field(
        "graylight",
        validation_alias="GRAYLIGHT_NAMESPACE",
        pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$",
        description="Namespace of records, leases and the signing key. Default `graylight`: apart from the services, so"
        " that rights on records are given by themselves.",
    )
    policy: str | None = Field(
        None,
        validation_alias="GRAYLIGHT_POLICY",
        description="Path of the policy file. Default: none; then one environment `default`, and the preview says so.",
    )
    listen: str = Field(
        "127.0.0.1:8080",
        validation_alias="GRAYLIGHT_LISTEN",
        description="`host:port` of /healthz and /readyz, and of /slack/events in HTTP mode. Default `127.0.0.1:8080`:"
        " reachable from this host alone, since nothing outside needs it unless a kubelet, or Slack, asks.",
    )
    slack_bot_token: SecretStr | None = Field(
        None,
        validation_alias="SLACK_BOT_TOKEN",
        description="Token `xoxb-…`. Default: none; then the engine runs for the command line alone, and says so.",
    )
    slack_app_token: SecretStr | None = Field(
        None,
        validation_alias="SLACK_APP_TOKEN",
        description="Token `xapp-…` for Socket Mode, which needs no public address; it wins over the signing secret."
        " Default: none; then HTTP mode where the signing secret is set.",
    )
    slack_signing_secret: SecretStr | None = Field(
        None,
        validation_alias="SLACK_SIGNING_SECRET",
        description="Secret by which Slack signs requests. With it and without an app token Slack is served over HTTP,"
        " at /slack/events of `GRAYLIGHT_LISTEN`. Default: none; then Socket Mode.",
    )
    slack_api_url: str = Field(
        "https://slack.com/api/",
        validation_alias="SLACK_API_URL",
        description="URL of Slack's Web API. Default: Slack's own; tests and the playground point it at their double.",
    )

    @field_validator("listen")
    @classmethod
    def _address(cls, value: str) -> str:
        host, colon, port = value.rpartition(":")
        number = int(port) if port.isascii() and port.isdigit() and len(port) <= 5 else -1  # noqa: PLR2004 — a port's digits
        if not colon or not host or not 0 <= number <= _HIGHEST_PORT:
            raise ValueError("it is no `host:port`, such as `127.0.0.1:8080`")
        return value

    @field_validator("slack_api_url")
    @classmethod
    def _url(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")):
            raise ValueError("it is no http or https URL, such as `https://slack.com/api/`")
        return value if value.endswith("/") else value + "/"  # the client joins method names to it

    @field_validator("slack_bot_token", "slack_app_token", "slack_signing_secret")
    @classmethod
    def _token(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and any(c.isspace() for c in value.get_secret_value().strip()):
            raise ValueError("it is no token: there is a space in it")
        return SecretStr(value.get_secret_value().strip()) if value is not None else None

    @property
    def listen_host(self) -> str:
        """The host to listen on, without the brackets of IPv6."""
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def listen_port(self) -> int:
        """The port to listen on; 0 lets the system choose."""
        return int(self.listen.rpartition(":")[2])

    @property
    def slack(self) -> Literal["socket", "http"] | None:
        """How Slack reaches this process: by Socket Mode where there is an app token, else over HTTP; None: not at all."""
        if self.slack_bot_token is None:
            return None
        if self.slack_app_token is not None:
            return "socket"
        return "http" if self.slack_signing_secret is not None else None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment: no hidden files."""
        del settings_cls, dotenv_settings, file_secret_settings
        return init_settings, env_settings


def load(environ: Mapping[str, str] | None = None) -> Settings | Refusal:
    """The settings of this process (or of a given environment), or Refusal `bad-setting` with every wrong one."""
    try:
        settings = Settings() if environ is None else _from(environ)
    except ValidationError as e:
        said = [_sentence(error) for error in e.errors(include_url=False, include_input=False)]
        return Refusal(
            code="bad-setting", what=" ".join(said), remedy="Correct it, or unset it for the default."
        )
    return settings


def for_slack(settings: Settings) -> Refusal | None:
    """Why the bot cannot talk to Slack although it is told to: something that goes with what is set is missing."""
    bot, app, secret = settings.slack_bot_token, settings.slack_app_token, settings.slack_signing_secret
    other = "SLACK_APP_TOKEN" if app is not None else "SLACK_SIGNING_SECRET"
    if bot is not None and app is None and secret is None:
        lacking, there = "SLACK_APP_TOKEN", "SLACK_BOT_TOKEN"
        needed = "Socket Mode needs both tokens; over HTTP, SLACK_SIGNING_SECRET takes its place."
    elif bot is None and (app is not None or secret is not None):
        lacking, there = "SLACK_BOT_TOKEN", other
        needed = "nothing can be said in Slack without it."
    else:
        return None
    return Refusal(
        code="bad-setting",
        what=f"{lacking} is missing: {needed}",
        remedy=f"Set {lacking}, or unset {there} to run without Slack.",
    )


def _from(environ: Mapping[str, str]) -> Settings:
    known = {str(f.validation_alias) for f in Settings.model_fields.values()}
    return Settings.model_validate({k: v for k, v in environ.items() if k in known and v})


def _sentence(error: Any) -> str:
    name = next((str(p) for p in error["loc"]), "a setting")
    if error["type"] == "string_pattern_mismatch":
        return f"{name} is no namespace: small letters, digits and `-`, at most 63."
    said = str(error.get("ctx", {}).get("error", error["msg"]))
    return f"{name} is wrong: {said}."
