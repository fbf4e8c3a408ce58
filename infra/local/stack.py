"""What the local stack asks of the AWS endpoint beside `sam deploy`.

    stack.py prepare <bucket>           creates the bucket that `sam deploy` uploads to
    stack.py outputs <stack>            prints the stack's outputs as one JSON object
    stack.py token <arn>                prints the generated token that a secret holds
    stack.py run <function>             runs a function as a schedule would, and prints what it answers
    stack.py delete <stack> <bucket>    deletes a stack, the tables it retains, and the bucket

The endpoint, the region and the keys come from the usual AWS variables.
"""

import json
import secrets
import string
import sys
import time

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError


def client(service):
    retries = {"total_max_attempts": 3, "mode": "standard"}
    config = Config(connect_timeout=3, read_timeout=30, retries=retries, s3={"addressing_style": "path"})
    return boto3.client(service, config=config)


def prepare(bucket):
    s3 = client("s3")
    s3.create_bucket(
        Bucket=bucket,
        CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name},
    )


def outputs(stack):
    described = client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    print(json.dumps({o["OutputKey"]: o["OutputValue"] for o in described.get("Outputs", [])}))


def token(arn):
    manager = client("secretsmanager")
    value = manager.get_secret_value(SecretId=arn)["SecretString"]
    # ministack 1.5.33 takes no notice of ExcludePunctuation in a template, and what it makes is no
    # token that a header can carry. AWS makes letters and digits: so does this.
    if not (value.isascii() and value.isalnum()):
        value = "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(len(value)))
        manager.put_secret_value(SecretId=arn, SecretString=value)
    sys.stdout.write(value)


def run(function):
    answer = client("lambda").invoke(FunctionName=function, Payload=b"{}")
    text = answer["Payload"].read().decode()
    if "FunctionError" in answer:
        sys.exit(f"{function} failed: {text}")
    sys.stdout.write(text)


def delete(stack, bucket):
    formation, dynamo, s3 = client("cloudformation"), client("dynamodb"), client("s3")
    resources = formation.list_stack_resources(StackName=stack)["StackResourceSummaries"]
    tables = [r["PhysicalResourceId"] for r in resources if r["ResourceType"] == "AWS::DynamoDB::Table"]
    formation.delete_stack(StackName=stack)
    for _ in range(120):
        try:
            status = formation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]
        except ClientError:
            break
        if status == "DELETE_COMPLETE":
            break
        if status == "DELETE_FAILED":
            sys.exit(f"stack {stack}: {status}")
        time.sleep(0.5)
    for table in tables:
        try:
            dynamo.update_table(TableName=table, DeletionProtectionEnabled=False)
        except ClientError:
            pass  # gone with the stack, or not protected
        try:
            dynamo.delete_table(TableName=table)
        except dynamo.exceptions.ResourceNotFoundException:
            pass
    listed = s3.list_objects_v2(Bucket=bucket).get("Contents", [])
    for item in listed:
        s3.delete_object(Bucket=bucket, Key=item["Key"])
    s3.delete_bucket(Bucket=bucket)


COMMANDS = {"prepare": prepare, "outputs": outputs, "token": token, "run": run, "delete": delete}

if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in COMMANDS:
        sys.exit(__doc__)
    try:
        COMMANDS[sys.argv[1]](*sys.argv[2:])
    except (BotoCoreError, ClientError) as error:
        sys.exit(f"stack.py {sys.argv[1]}: {error}")
