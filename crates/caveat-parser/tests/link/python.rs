use super::{check, project, show};

const COMPAT: &str = "
=== app/__init__.py
=== app/compat.py
import yaml
try:
    import ujson as json
except ImportError:
    import json
from shlex import quote as shell_quote
loads = json.loads
=== app/main.py
";

#[test]
fn a_reexport_leads_outside() {
    check(
        COMPAT,
        "app/main.py",
        "app.compat.yaml.load",
        "-> yaml.load",
    );
    check(
        COMPAT,
        "app/main.py",
        "app.compat.json.dumps",
        "-> json.dumps",
    );
    check(
        COMPAT,
        "app/main.py",
        "app.compat.shell_quote",
        "-> shlex.quote",
    );
    check(COMPAT, "app/main.py", "app.compat.loads", "-> json.loads");
    check(COMPAT, "app/main.py", "requests.get", "-> requests.get");
}

#[test]
fn what_a_module_does_not_have_is_unknown() {
    check(COMPAT, "app/main.py", "app.compat.toml.load", "unknown");
    check(COMPAT, "app/main.py", "app.missing.toml", "unknown");
}

const PACKAGE: &str = "
=== src/pkg/__init__.py
from . import tools
from .models import Base as Root, User
from .tools import *
=== src/pkg/models.py
class Base:
    def save(self): pass
class User(Base):
    name = 'x'
    def greet(self): pass
HASH = 'md5'
=== src/pkg/tools.py
from os import path, system
from pkg.sub import deep
_hidden = 1
def helper(): pass
=== src/pkg/sub/__init__.py
=== src/pkg/sub/deep.py
from ..models import Base
from ... import nothing
def f(): pass
=== tests/test_pkg.py
";

#[test]
fn definitions_are_found_through_packages() {
    let ask = |name, expected| check(PACKAGE, "src/pkg/tools.py", name, expected);
    ask("pkg.Root", "src/pkg/models.py#Base");
    ask("pkg.User.greet", "src/pkg/models.py#User.greet");
    ask("pkg.User.save", "src/pkg/models.py#Base.save");
    ask("pkg.User.delete", "src/pkg/models.py#User +delete");
    ask("pkg.models.HASH.upper", "src/pkg/models.py#HASH +upper");
    ask("pkg.tools", "src/pkg/tools.py");
    ask("pkg.tools.deep.f", "src/pkg/sub/deep.py#f");
    ask("pkg.sub.deep.Base", "src/pkg/models.py#Base");
    ask("pkg.sub.deep.nothing", "unknown");
}

#[test]
fn a_source_folder_is_found_from_outside_of_it() {
    check(
        PACKAGE,
        "tests/test_pkg.py",
        "pkg.helper",
        "src/pkg/tools.py#helper",
    );
}

#[test]
fn a_glob_import_takes_what_is_public() {
    check(PACKAGE, "tests/test_pkg.py", "pkg.system", "-> os.system");
    check(PACKAGE, "tests/test_pkg.py", "pkg._hidden", "unknown");
}

const STARS: &str = "
=== listed.py
import yaml, pickle
__all__ = [
    'yaml',  # the one
    \"other\",
]
def other(): pass
def unlisted(): pass
=== star.py
from listed import *
=== outside.py
from flask import *
=== two.py
from flask import *
from django import *
=== a.py
from b import *
def in_a(): pass
=== b.py
from a import *
from c import x
=== c.py
from b import x
=== main.py
";

#[test]
fn a_list_of_exports_says_what_a_glob_takes() {
    check(STARS, "main.py", "star.yaml.load", "-> yaml.load");
    check(STARS, "main.py", "star.other", "listed.py#other");
    check(STARS, "main.py", "star.pickle", "unknown");
    check(STARS, "main.py", "star.unlisted", "unknown");
}

#[test]
fn a_glob_of_a_library_brings_the_rest_if_it_is_the_only_one() {
    check(
        STARS,
        "main.py",
        "outside.request.args",
        "-> flask.request.args",
    );
    check(STARS, "main.py", "two.request", "unknown");
}

#[test]
fn cycles_end() {
    check(STARS, "main.py", "a.missing", "unknown");
    check(STARS, "main.py", "b.in_a", "a.py#in_a");
    check(STARS, "main.py", "c.x", "unknown");
}

const SHADOWS: &str = "
=== requests.py
def get(url): pass
=== client.py
=== app/__init__.py
=== app/requests.py
=== app/client.py
=== tools/yaml.py
=== tools/job.py
=== yaml/notes.py
=== lib/one/shared/__init__.py
=== lib/one/shared/http.py
=== lib/two/shared/__init__.py
=== lib/two/shared/http.py
=== lib/two/only/__init__.py
=== lib/two/only/http.py
def get(): pass
";

#[test]
fn a_module_of_the_project_shadows_a_library() {
    check(SHADOWS, "client.py", "requests.get", "requests.py#get");
    check(SHADOWS, "client.py", "requests.post", "unknown");
    check(SHADOWS, "tools/job.py", "yaml", "tools/yaml.py");
    // A script named after the library that it uses.
    check(SHADOWS, "tools/yaml.py", "yaml.load", "-> yaml.load");
}

#[test]
fn a_module_inside_a_package_shadows_nothing() {
    let tree = &SHADOWS.replace("=== requests.py\n", "=== renamed.py\n");
    check(tree, "app/client.py", "requests.get", "-> requests.get");
}

#[test]
fn a_folder_without_code_of_that_name_is_no_module() {
    check(SHADOWS, "client.py", "yaml.load", "-> yaml.load");
    check(SHADOWS, "client.py", "yaml.notes", "yaml/notes.py");
}

#[test]
fn other_source_roots_are_found_if_there_is_one() {
    check(
        SHADOWS,
        "client.py",
        "only.http.get",
        "lib/two/only/http.py#get",
    );
    check(SHADOWS, "client.py", "shared.http", "unknown");
    check(
        SHADOWS,
        "lib/one/shared/http.py",
        "shared.http",
        "lib/one/shared/http.py",
    );
}

#[test]
fn names_inside_a_file_are_looked_up_from_its_top() {
    let project = project(PACKAGE);
    let file = project.file("src/pkg/__init__.py").expect("it is there");
    let target = project.lookup(file, &["Root", "save"]);
    assert_eq!(show(&project, &target), "src/pkg/models.py#Base.save");
}

#[test]
fn bases_are_resolved() {
    let tree = "
=== base.py
class Base(dict): pass
=== views.py
import flask.views
from base import Base
class View(Base, flask.views.MethodView, Generic[T], metaclass=Meta): pass
";
    let project = project(tree);
    let view = project.definitions("View")[0];
    let bases: Vec<String> = project
        .bases(view)
        .iter()
        .map(|it| show(&project, it))
        .collect();
    assert_eq!(
        bases,
        ["base.py#Base", "-> flask.views.MethodView", "unknown"]
    );
}

#[test]
fn importers_are_known() {
    let project = project(PACKAGE);
    let models = project.file("src/pkg/models.py").expect("it is there");
    let importers = project.importers(models).iter();
    let importers: Vec<&str> = importers.map(|&file| project.path(file)).collect();
    assert_eq!(importers, ["src/pkg/__init__.py", "src/pkg/sub/deep.py"]);
}

#[test]
fn definitions_are_found_by_name() {
    let project = project(PACKAGE);
    let found = project.definitions("save").iter();
    let found: Vec<String> = found.map(|&id| project.item_path(id).join(".")).collect();
    assert_eq!(found, ["Base.save"]);
}

#[test]
fn manifests_say_what_the_project_provides() {
    let project = project("=== pyproject.toml\n[project]\nname = \"PyYAML\" # x\n=== yaml/a.py\n");
    assert!(project.provides("yaml") && project.provides("pyyaml"));
    assert!(!project.provides("requests"));
}
