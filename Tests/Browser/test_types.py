"""deltad.d.ts: what TypeScript's compiler says of it, and whether it names what there is."""

import pathlib
import re
import shutil
import subprocess

from Support.processes import ROOT

WEB = ROOT / "web"
# Private members, which start with "#", are nobody's.
NAMES = """async () => {
  const module = await import("/deltad.js")
  const { Deltad, Answer, DeltadError } = module
  const deltad = new Deltad()
  const answer = deltad.follow("strm_0" + "x".repeat(22))
  answer.close()
  Object.assign(answer, { conversationId: "", chatId: "" })
  const error = new DeltadError("code", "message")
  const names = (type, instance) => [...Object.getOwnPropertyNames(type.prototype),
    ...Object.keys(instance)].filter(name => name !== "constructor" && name !== "name")
  return { module: Object.keys(module), Deltad: names(Deltad, deltad),
    Answer: names(Answer, answer), DeltadError: names(DeltadError, error) }
}"""


def test_typescript_compiles_what_is_right_and_refuses_what_is_not(tmp_path):
    for file in ("deltad.js", "deltad.d.ts", "event-stream.js"):
        shutil.copy(WEB / file, tmp_path)
    shutil.copy(pathlib.Path(__file__).parent / "usage.ts", tmp_path)
    found = subprocess.run(
        ["tsc", "--noEmit", "--strict", "--target", "es2022", "--moduleResolution", "node",
         "usage.ts"],
        cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout + found.stderr) == (0, "")


def declared(text, name):
    """The members that a declaration of a class has."""
    (body,) = re.findall(rf"export class {name}\b.*?\{{\n(.*?)\n\}}", text, re.S)
    members = re.findall(r"^  (?:readonly )?(\w+)\??[:(]", body, re.M)
    return {member for member in members if member != "constructor"}


def test_what_is_declared_is_what_there_is(contexts, daemon):
    # The stream is not there: whether it is asked for before its reader is closed does not matter.
    page = contexts(allowed=["404"]).new_page()
    page.goto(daemon.url)
    found = page.evaluate(NAMES)
    text = (WEB / "deltad.d.ts").read_text()
    assert set(found.pop("module")) == set(re.findall(r"^export class (\w+)", text, re.M))
    for name, members in found.items():
        assert set(members) - {"message"} == declared(text, name), name
