"""Calls a copy of a deployed function whose role lacks one action.

    iam.py <function> <bootstrap> <action>      the event on stdin, the function's answer on stdout

The deployed function and its role are only read. The copy has the function's settings, the given
program and the role's own policy less the action, and is deleted when it has answered.
"""

import io
import json
import sys
import uuid
import zipfile

import boto3


def without(policy, action):
    """The policy with the action taken out; a statement that is left without any goes as well."""
    statements, found = [], False
    for statement in policy["Statement"]:
        actions = statement["Action"]
        actions = [actions] if isinstance(actions, str) else actions
        left = [one for one in actions if one != action]
        found = found or len(left) < len(actions)
        if left:
            statements.append({**statement, "Action": left})
    if not found:
        sys.exit(f"the role does not have {action}: there is nothing to take away")
    return {**policy, "Statement": statements}


def packed(bootstrap):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o755 << 16
        with open(bootstrap, "rb") as program:
            file.writestr(entry, program.read())
    return archive.getvalue()


def main(function, bootstrap, action):
    iam, functions = boto3.client("iam"), boto3.client("lambda")
    known = functions.get_function_configuration(FunctionName=function)
    role = known["Role"].rsplit("/", 1)[-1]
    name = f"hostile-{uuid.uuid4().hex[:12]}"
    trust = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    trust = trust if isinstance(trust, str) else json.dumps(trust)
    copy = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    policies, made = [], False
    try:
        for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
            document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
            document = json.loads(document) if isinstance(document, str) else document
            iam.put_role_policy(
                RoleName=name, PolicyName=policy, PolicyDocument=json.dumps(without(document, action))
            )
            policies.append(policy)
        functions.create_function(
            FunctionName=name,
            Runtime=known["Runtime"],
            Handler=known["Handler"],
            Architectures=known["Architectures"],
            Timeout=known["Timeout"],
            MemorySize=known["MemorySize"],
            Environment={"Variables": known["Environment"]["Variables"]},
            Role=copy,
            Code={"ZipFile": packed(bootstrap)},
        )
        made = True
        answer = functions.invoke(FunctionName=name, Payload=sys.stdin.buffer.read())
        if "FunctionError" in answer:
            sys.exit(f"the function itself failed: {answer['Payload'].read().decode()}")
        sys.stdout.write(answer["Payload"].read().decode())
    finally:
        if made:
            functions.delete_function(FunctionName=name)
        for policy in policies:
            iam.delete_role_policy(RoleName=name, PolicyName=policy)
        iam.delete_role(RoleName=name)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
