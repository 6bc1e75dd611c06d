//! Source, helper and sink in three files. Each case has a twin whose helper cleans.

use crate::found;

/// The source of most cases.
const SOURCE: &str = "import web\ndef read():\n    return web.query()\n";

/// Name, helper, sink and view. `@T(..)` is what the helper does with the data: nothing, or
/// cleaning it.
const CASES: &[(&str, &str, &str, &str)] = &[
    (
        "a function",
        "import web\ndef make(t):\n    return 'a' + @T(t)\n",
        "import web\ndef save(t):\n    web.sink(t)\n",
        "from app.source import read\nfrom app.helper import make\nfrom app.store import save\ndef view():\n    save(make(read()))\n",
    ),
    (
        "a re-export",
        "import web\ndef make(t):\n    return @T(t)\n",
        "import web\ndef save(t):\n    web.sink(t)\n",
        "from app import make, read, save\ndef view():\n    save(make(read()))\n",
    ),
    (
        "a module by another name",
        "import web\ndef make(t):\n    return @T(t)\n",
        "import web\ndef save(t):\n    web.sink(t)\n",
        "import app.source as s\nimport app.helper as h\nfrom app import store\ndef view():\n    store.save(h.make(s.read()))\n",
    ),
    (
        "relative imports",
        "import web\ndef make(t):\n    return @T(t)\n",
        "import web\nfrom .helper import make\ndef save(t):\n    web.sink(make(t))\n",
        "from .source import read\nfrom .store import save\ndef view():\n    save(read())\n",
    ),
    (
        "an import in the function",
        "import web\ndef make(t):\n    return @T(t)\n",
        "import web\ndef save(t):\n    from app.helper import make\n    web.sink(make(t))\n",
        "def view():\n    from app.source import read\n    from app.store import save\n    save(read())\n",
    ),
    (
        "a star import",
        "import web\ndef make(t):\n    return @T(t)\n",
        "import web\ndef save(t):\n    web.sink(t)\n",
        "from app.source import *\nfrom app.helper import *\nfrom app.store import *\ndef view():\n    save(make(read()))\n",
    ),
    (
        "a method",
        "import web\nclass Maker:\n    def make(self, t):\n        return @T(t)\n",
        "import web\nclass Store:\n    def save(self, t):\n        web.sink(t)\n",
        "from app.source import read\nfrom app.helper import Maker\nfrom app.store import Store\ndef view():\n    Store().save(Maker().make(read()))\n",
    ),
    (
        "a field",
        "import web\nclass Maker:\n    def __init__(self, t):\n        self.t = @T(t)\n",
        "import web\nclass Store:\n    def __init__(self, maker):\n        self.maker = maker\n    def save(self):\n        web.sink(self.maker.t)\n",
        "from app.source import read\nfrom app.helper import Maker\nfrom app.store import Store\ndef view():\n    Store(Maker(read())).save()\n",
    ),
    (
        "a connection that the constructor opens",
        "import web\ndef make(t):\n    return @T(t)\n",
        "import web\nclass Store:\n    def __init__(self):\n        self.c = web.connect()\n    def save(self, t):\n        self.c.run('a' + t)\n",
        "from app.source import read\nfrom app.helper import make\nfrom app.store import Store\ndef view():\n    s = Store()\n    s.save(make(read()))\n",
    ),
    (
        "a method of a base",
        "import web\nclass Maker:\n    def make(self, t):\n        return @T(t)\n",
        "import web\nfrom app.helper import Maker\nclass Store(Maker):\n    def save(self, t):\n        web.sink(self.make(t))\n",
        "from app.source import read\nfrom app.store import Store\ndef view():\n    Store().save(read())\n",
    ),
    (
        "a hook that a derived class fills",
        "import web\nclass Base:\n    def run(self, t):\n        self.save(@T(t))\n",
        "import web\nfrom app.helper import Base\nclass Store(Base):\n    def save(self, t):\n        web.sink(t)\n",
        "from app.source import read\nfrom app.store import Store\ndef view():\n    Store().run(read())\n",
    ),
    (
        "super",
        "import web\nclass Base:\n    def save(self, t):\n        web.sink(@T(t))\n",
        "from app.helper import Base\nclass Store(Base):\n    def save(self, t):\n        super().save(t)\n",
        "from app.source import read\nfrom app.store import Store\ndef view():\n    Store().save(read())\n",
    ),
    (
        "a class method",
        "import web\nclass Maker:\n    @classmethod\n    def make(cls, t):\n        return @T(t)\n",
        "import web\nclass Store:\n    @classmethod\n    def save(cls, t):\n        web.sink(t)\n",
        "from app.source import read\nfrom app.helper import Maker\nfrom app.store import Store\ndef view():\n    Store.save(Maker.make(read()))\n",
    ),
    (
        "a static method",
        "import web\nclass Maker:\n    @staticmethod\n    def make(t):\n        return @T(t)\n",
        "import web\nclass Store:\n    @staticmethod\n    def save(t):\n        web.sink(t)\n",
        "from app.source import read\nfrom app.helper import Maker\nfrom app.store import Store\ndef view():\n    Store.save(Maker.make(read()))\n",
    ),
    (
        "a property",
        "import web\nclass Maker:\n    def __init__(self, t):\n        self._t = t\n    @property\n    def made(self):\n        return @T(self._t)\n",
        "import web\ndef save(t):\n    web.sink(t)\n",
        "from app.source import read\nfrom app.helper import Maker\nfrom app.store import save\ndef view():\n    save(Maker(read()).made)\n",
    ),
    (
        "an object that a module made",
        "import web\nclass Maker:\n    def make(self, t):\n        return @T(t)\nmaker = Maker()\n",
        "import web\nclass Store:\n    def save(self, t):\n        web.sink(t)\nstore = Store()\n",
        "from app.source import read\nfrom app.helper import maker\nfrom app.store import store\ndef view():\n    store.save(maker.make(read()))\n",
    ),
    (
        "a closure",
        "import web\ndef making(prefix):\n    def make(t):\n        return prefix + @T(t)\n    return make\n",
        "import web\ndef saving():\n    def save(t):\n        web.sink(t)\n    return save\n",
        "from app.source import read\nfrom app.helper import making\nfrom app.store import saving\ndef view():\n    saving()(making('a')(read()))\n",
    ),
    (
        "a function that is passed",
        "import web\ndef apply(g, t):\n    g(@T(t))\n",
        "import web\ndef save(t):\n    web.sink(t)\n",
        "from app.source import read\nfrom app.helper import apply\nfrom app.store import save\ndef view():\n    apply(save, read())\n",
    ),
    (
        "a lambda",
        "import web\nmake = lambda t: @T(t)\n",
        "import web\nsave = lambda t: web.sink(t)\n",
        "from app.source import read\nfrom app.helper import make\nfrom app.store import save\ndef view():\n    save(make(read()))\n",
    ),
    (
        "a partial function",
        "import web\ndef make(kind, t):\n    return @T(t)\n",
        "import web\ndef save(t, kind='a'):\n    web.sink(t)\n",
        "from app.source import read\nfrom app.helper import make\nfrom app.store import save\ndef view():\n    save(make('k', t=read()), kind='b')\n",
    ),
    (
        "a decorator",
        "import functools\nimport web\ndef checked(g):\n    @functools.wraps(g)\n    def inner(t):\n        return g(@T(t))\n    return inner\n",
        "import web\nfrom app.helper import checked\n@checked\ndef save(t):\n    web.sink(t)\n",
        "from app.source import read\nfrom app.store import save\ndef view():\n    save(read())\n",
    ),
    (
        "a decorator with arguments",
        "import functools\nimport web\ndef checked(kind):\n    def outer(g):\n        @functools.wraps(g)\n        def inner(*args, **kwargs):\n            return @T(g(*args, **kwargs))\n        return inner\n    return outer\n",
        "import web\ndef save(t):\n    web.sink(t)\n",
        "from app.source import read\nfrom app.helper import checked\nfrom app.store import save\n@checked('k')\ndef get(t):\n    return t\ndef view():\n    save(get(read()))\n",
    ),
    (
        "a coroutine",
        "import web\nasync def make(t):\n    return @T(t)\n",
        "import web\nasync def save(t):\n    web.sink(t)\n",
        "from app.source import read\nfrom app.helper import make\nfrom app.store import save\nasync def view():\n    await save(await make(read()))\n",
    ),
    (
        "an asynchronous generator",
        "import web\nasync def parts(t):\n    for part in t.split(','):\n        yield @T(part)\n",
        "import web\ndef save(t):\n    web.sink(t)\n",
        "from app.source import read\nfrom app.helper import parts\nfrom app.store import save\nasync def view():\n    async for part in parts(read()):\n        save(part)\n",
    ),
    (
        "a generator",
        "import web\ndef parts(t):\n    for part in t.split(','):\n        yield @T(part)\n",
        "import web\ndef save(ts):\n    for t in ts:\n        web.sink(t)\n",
        "from app.source import read\nfrom app.helper import parts\nfrom app.store import save\ndef view():\n    save(parts(read()))\n",
    ),
    (
        "a generator that delegates",
        "import web\ndef inner(t):\n    yield @T(t)\ndef parts(t):\n    yield from inner(t)\n",
        "import web\ndef save(t):\n    web.sink(t)\n",
        "from app.source import read\nfrom app.helper import parts\nfrom app.store import save\ndef view():\n    for part in parts(read()):\n        save(part)\n",
    ),
    (
        "a context manager",
        "import web\nclass Opened:\n    def __init__(self, t):\n        self.t = t\n    def __enter__(self):\n        return @T(self.t)\n    def __exit__(self, *args):\n        pass\n",
        "import web\ndef save(t):\n    web.sink(t)\n",
        "from app.source import read\nfrom app.helper import Opened\nfrom app.store import save\ndef view():\n    with Opened(read()) as t:\n        save(t)\n",
    ),
    (
        "a dict of functions",
        "import web\ndef make(t):\n    return @T(t)\nMAKERS = {'plain': make}\n",
        "import web\ndef save(t):\n    web.sink(t)\n",
        "from app.source import read\nfrom app.helper import MAKERS\nfrom app.store import save\ndef view():\n    save(MAKERS['plain'](read()))\n",
    ),
    (
        "a dataclass",
        "from dataclasses import dataclass\nimport web\n@dataclass\nclass Item:\n    name: str\n    text: str\ndef make(t):\n    return Item('a', @T(t))\n",
        "import web\ndef save(item):\n    web.sink(item.text)\n",
        "from app.source import read\nfrom app.helper import make\nfrom app.store import save\ndef view():\n    save(make(read()))\n",
    ),
    (
        "a dict that is filled elsewhere",
        "import web\ndef fill(into, t):\n    into['t'] = @T(t)\n",
        "import web\ndef save(d):\n    web.sink(d['t'])\n",
        "from app.source import read\nfrom app.helper import fill\nfrom app.store import save\ndef view():\n    d = {'u': 'a'}\n    fill(d, read())\n    save(d)\n",
    ),
    (
        "several results",
        "import web\ndef make(t):\n    return 'a', @T(t)\n",
        "import web\ndef save(t):\n    web.sink(t)\n",
        "from app.source import read\nfrom app.helper import make\nfrom app.store import save\ndef view():\n    _, made = make(read())\n    save(made)\n",
    ),
    (
        "a chain of builders",
        "import web\nclass Query:\n    def __init__(self):\n        self.t = ''\n    def where(self, t):\n        self.t += @T(t)\n        return self\n    def text(self):\n        return self.t\n",
        "import web\ndef save(t):\n    web.sink(t)\n",
        "from app.source import read\nfrom app.helper import Query\nfrom app.store import save\ndef view():\n    save(Query().where(read()).text())\n",
    ),
];

/// What is not right yet, with the answer that is wrong. Asserted, so that the list shrinks.
const NOT_YET: &[(&str, bool)] = &[
    ("a method of a base", false),
    ("a hook that a derived class fills", true),
    ("super", true),
    ("a property", true),
    ("a function that is passed", true),
    ("a decorator", false),
    ("a decorator with arguments", false),
];

#[test]
fn source_helper_and_sink_in_three_files_and_their_twins() {
    let package = "from .source import read\ntry:\n    from .helper import make\n    from .store import save\nexcept ImportError:\n    pass\n";
    let mut wrong = Vec::new();
    for (name, helper, store, view) in CASES {
        for is_bad in [true, false] {
            let clean = if is_bad { "" } else { "web.clean" };
            let helper = helper.replace("@T", clean);
            let files = [
                ("app/__init__.py", package),
                ("app/source.py", SOURCE),
                ("app/helper.py", helper.as_str()),
                ("app/store.py", store),
                ("app/view.py", view),
            ];
            if found(&files).is_empty() == is_bad {
                wrong.push((*name, is_bad));
            }
        }
    }
    assert!(CASES.len() >= 30);
    assert_eq!(wrong, NOT_YET);
}
