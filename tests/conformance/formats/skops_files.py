"""Taking skops files apart and putting them together again, changed."""

import io
import json
import zipfile


def members_of(file):
    with zipfile.ZipFile(io.BytesIO(file)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(members, compression=zipfile.ZIP_STORED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def with_schema(file, change):
    members = members_of(file)
    schema = json.loads(members["schema.json"])
    change(schema)
    return packed({**members, "schema.json": json.dumps(schema).encode()})
