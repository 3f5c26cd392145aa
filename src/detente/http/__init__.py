"""Typed HTTP: endpoints, tokens, limits, observation, and the server that runs them."""

from detente.http.api_page import api_markdown
from detente.http.auth import KeysUnavailable, TokenAuthenticator, TokenRules, verify_token
from detente.http.endpoint import (
    ANONYMOUS,
    Caller,
    Endpoint,
    QueryParameter,
    Request,
    Response,
    any_of,
)
from detente.http.errors import (
    BadBody,
    BadRequest,
    BodyTimeout,
    BodyTooDeep,
    BodyTooLarge,
    Busy,
    ErrorResponse,
    Forbidden,
    HandlerTimeout,
    HttpError,
    InternalError,
    MethodNotAllowed,
    MissingScope,
    NotFound,
    Overloaded,
    RateLimited,
    Unauthorized,
)
from detente.http.keys import BadKey, JwksSource, VerificationKey, load_pem_key
from detente.http.limits import Limits
from detente.http.observe import (
    LineSink,
    LogFormat,
    Metrics,
    RequestObserver,
    configure_logging,
)
from detente.http.openapi import ApiInfo, openapi_document
from detente.http.protocol import ConnectionLimits
from detente.http.routing import Application, Authenticator, Observer, Outcome, build_app, now_us
from detente.http.server import CannotListen, ServerOptions, bind, run, serve, tls_context
from detente.http.tokens import TokenSigner, new_key_pair
from detente.http.tracing import OtelTracer, Tracer, TracingUnavailable

__all__ = [
    "ANONYMOUS",
    "ApiInfo",
    "Application",
    "Authenticator",
    "BadBody",
    "BadKey",
    "BadRequest",
    "BodyTimeout",
    "BodyTooDeep",
    "BodyTooLarge",
    "Busy",
    "Caller",
    "CannotListen",
    "ConnectionLimits",
    "Endpoint",
    "ErrorResponse",
    "Forbidden",
    "HandlerTimeout",
    "HttpError",
    "InternalError",
    "JwksSource",
    "KeysUnavailable",
    "Limits",
    "LineSink",
    "LogFormat",
    "MethodNotAllowed",
    "Metrics",
    "MissingScope",
    "NotFound",
    "Observer",
    "OtelTracer",
    "Outcome",
    "Overloaded",
    "QueryParameter",
    "RateLimited",
    "Request",
    "RequestObserver",
    "Response",
    "ServerOptions",
    "TokenAuthenticator",
    "TokenRules",
    "TokenSigner",
    "Tracer",
    "TracingUnavailable",
    "Unauthorized",
    "VerificationKey",
    "any_of",
    "api_markdown",
    "bind",
    "build_app",
    "configure_logging",
    "load_pem_key",
    "new_key_pair",
    "now_us",
    "openapi_document",
    "run",
    "serve",
    "tls_context",
    "verify_token",
]
