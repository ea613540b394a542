"""How do I let the programs of language models in, with a token that is good for nothing else?"""

import os

from flask import Blueprint, Flask, abort, request

from jwtpolicy import HasScope, Issuer, JWTManager, current_token, protect
from jwtpolicy.endpoints import resource_metadata_blueprint

RESOURCE = os.environ["MCP_RESOURCE"]  # the URL of this server: https://notes.example.com/mcp
ISSUER = os.environ["MCP_ISSUER"]  # who logs users in and issues tokens: https://login.example.com

app = Flask(__name__)
jwt = JWTManager(baseline=None)  # nobody asks a store here: tokens have to be short-lived
jwt.trust(Issuer(ISSUER, audience=RESOURCE, allow_http=app.debug))
jwt.init_app(app)
mcp = Blueprint("mcp", __name__)
metadata = resource_metadata_blueprint(
    jwt,
    mcp,
    resource=RESOURCE,
    authorization_servers=[ISSUER],
    challenge_scope=True,
    allow_http=app.debug,
)

NOTES = {"ada": ["Buy milk"]}
VERSION = "2025-11-25"
SERVER = {"capabilities": {"tools": {}}, "serverInfo": {"name": "notes", "version": "1"}}


def answered(message):
    match message:
        case {"method": "initialize"}:
            return {"result": {"protocolVersion": VERSION, **SERVER}}
        case {"method": "tools/list"}:
            return {"result": {"tools": [{"name": "notes", "inputSchema": {"type": "object"}}]}}
        case {"method": "tools/call", "params": {"name": "notes"}}:
            notes = NOTES.get(current_token.subject, [])
            return {"result": {"content": [{"type": "text", "text": note} for note in notes]}}
    return {"error": {"code": -32601, "message": "There is no such method or tool."}}


@mcp.post("/mcp")
@protect(HasScope("notes:read"))
def endpoint():
    if "Origin" in request.headers:  # a page in a browser
        abort(403)
    if request.headers.get("MCP-Protocol-Version", VERSION) != VERSION:
        abort(400)
    match request.get_json():
        case {"jsonrpc": "2.0", "method": str(), "id": int() | str() as number} as message:
            return {"jsonrpc": "2.0", "id": number, **answered(message)}
        case {"jsonrpc": "2.0", "method": str()}:  # a notification
            return "", 202
    return "", 400


app.register_blueprint(mcp)
app.register_blueprint(metadata)
