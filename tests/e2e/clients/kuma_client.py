"""Drives the bridge with kuma-api, a client of KUMA's API that nobody here wrote, unmodified.

Usage: kuma_client.py URL CA TENANT_NAME ALERT_ID, with the token in BRIDGE_TOKEN.
Prints one JSON object: what each call gave. tests/e2e/tests/e2e/client.rs says what it should be.
"""

import json
import os
import sys

import kuma
from kuma.rest.errors import APIError

url, ca, tenant, alert = sys.argv[1:]
client = kuma.RestClient(url=url, token=os.environ["BRIDGE_TOKEN"], verify=ca)
seen = {}


def call(step, function, *args, **kwargs):
    """Notes the status and what the client made of the answer."""
    try:
        status, answer = function(*args, **kwargs)
    except APIError as error:
        seen[step] = {"error": error.status_code, "text": str(error)}
        return
    if isinstance(answer, bytes):  # what it makes of a type it does not know
        answer = answer.decode()
    seen[step] = {"status": status, "answer": answer}


def search(step, **kwargs):
    call(step, client.alerts.search, **kwargs)


call("whoami", client.users.whoami)
call("tenants", client.tenants.search, name=tenant)
call("no tenants", client.tenants.search, name=tenant, main=True)
search("all")
search("second page", page=2)
search("past the end", page=3)
search("two statuses", status=["assigned", "escalated"], withEvents="", timestampField="lastSeen",
       **{"from": "2024-05-06T00:00:00Z"})
search("by id", id=[alert], withEvents="", withAffected="")
search("bad page", page="x")
call("every page", client.alerts.searchp, limit=10_000)
call("ten", client.alerts.searchp, limit=10, status="new")
call("close", client.alerts.close, alert, "incorrect data")
call("close again", client.alerts.close, alert, "incorrect data")
call("close nonsense", client.alerts.close, alert, "nonsense")
search("closed", status="closed")
stranger = kuma.RestClient(url=url, token="kb_no_such_token", verify=ca)
call("stranger", stranger.alerts.search)
json.dump(seen, sys.stdout)
