"""Omnitron's own API: login, token, start, progress (Omnitron contract)."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import uuid

from starlette.datastructures import UploadFile
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from etl.sandbox.breaking import fault_met, upload_seen
from etl.sandbox.desk import Desk, RefusalError, desk_of, json_object, not_found
from etl.sandbox.rules import TYPES
from etl.sandbox.store import Upload, now
from etl.sandbox.uploads import read_records


async def login(request: Request) -> Response:
    given = await json_object(request)
    missing = {name: ["This field is required."] for name in ("username", "password") if not given.get(name)}
    if missing:
        raise RefusalError(400, missing)
    account = desk_of(request).account
    right_name = hmac.compare_digest(str(given["username"]).encode(), account.username.encode())
    right_password = hmac.compare_digest(str(given["password"]).encode(), account.password.encode())
    if not (right_name and right_password):
        raise RefusalError(400, {"non_field_errors": ["Unable to log in with provided credentials."]})
    key = secrets.token_hex(20)
    desk_of(request).store.add_token(key)
    return JSONResponse({"key": key})


def authorized(request: Request) -> Desk:
    """Where a request with a valid token may go on. Raises RefusalError (401)."""
    desk = desk_of(request)
    word, _, key = request.headers.get("authorization", "").partition(" ")
    if word != "Token":
        detail = "Authentication credentials were not provided."
        raise RefusalError(401, {"detail": detail, "code": "not_authenticated"})
    if not desk.store.knows_token(key.strip()):
        raise RefusalError(401, {"detail": "Invalid token.", "code": "authentication_failed"})
    return desk


def in_channel(request: Request) -> Desk:
    desk = authorized(request)
    if request.path_params.get("channel", desk.account.channel) != desk.account.channel:
        raise not_found()
    return desk


async def active_user(request: Request) -> Response:
    return JSONResponse({"pk": 1, "username": authorized(request).account.username, "is_active": True})


async def start(request: Request) -> Response:
    desk = in_channel(request)
    payload = request.path_params["type"]
    if payload not in TYPES:
        raise not_found()
    filename, body = await _uploaded_file(request)
    try:
        count = len(read_records(body, filename))
    except ValueError as error:
        raise RefusalError(400, {"file": [str(error)]}) from None
    slow, errors = fault_met(request.state._state, "slow"), fault_met(request.state._state, "errors")
    upload = Upload(
        migration_id=uuid.uuid4().hex,
        type=payload,
        filename=filename,
        sha256=hashlib.sha256(body).hexdigest(),
        size=len(body),
        count=count,
        received_at=now(),
        pause=slow.seconds if slow else 0.0,
        failing=errors.count if errors else 0,
    )
    desk.store.add_upload(upload, body)
    desk.worker.put(upload.migration_id)
    return JSONResponse({"migration_id": upload.migration_id})


async def _uploaded_file(request: Request) -> tuple[str, bytes]:
    kind = request.headers.get("content-type", "")
    if not kind.startswith("multipart/form-data"):
        raise RefusalError(415, {"detail": f'Unsupported media type "{kind}" in request.'})
    try:
        async with request.form() as form:
            file = form.get("file")
            if file is None:
                raise RefusalError(400, {"file": ["No file was submitted."]})
            if not isinstance(file, UploadFile):
                raise RefusalError(400, {"file": ["The submitted data was not a file."]})
            return file.filename or "", await file.read()
    except ClientDisconnect:
        # Nobody is left to read this answer; the upload did not arrive whole, so nothing is accepted.
        raise RefusalError(400, {"detail": "The request ended early."}) from None


async def progress(request: Request) -> Response:
    desk = in_channel(request)
    upload = upload_seen(request.state._state) or desk.store.upload(request.path_params["migration_id"])
    if upload is None:
        raise not_found()
    stuck = fault_met(request.state._state, "never_ends") is not None
    return JSONResponse(
        {
            "migration_id": upload.migration_id,
            "type": upload.type,
            "status": "finished" if upload.finished and not stuck else "running",
            "total_count": upload.count,
            "success_count": 0 if stuck else upload.success,
            "error_count": 0 if stuck else upload.errors,
        }
    )


ROUTES = [
    Route("/api/v1/auth/login/", login, methods=["POST"]),
    Route("/api/i1/auth/login/", login, methods=["POST"]),
    Route("/api/v1/active_user/", active_user),
    Route("/api/v1/remote/{channel}/migrations/start/{type}/", start, methods=["POST"]),
    Route("/api/v1/remote/{channel}/migrations/{migration_id}/", progress),
]
