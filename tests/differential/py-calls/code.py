import os
import subprocess as sp
from os import system
from os.path import join as j

os.system("a")
system("b")
sp.run("c", shell=True)
sp.run("d", shell=False, cwd="/")
sp.run(["e"], cwd="/", shell=True, env={})
j("x", y)
foo()
foo(1)
foo(1, 2)
foo(1, 2, 3)
foo(*args)
foo(**kw)
foo(a=1)
foo(1, a=1, b=2)
obj.foo(1)
obj.bar.foo(1)
foo(foo(1))
foo(1)(2)
foo(bar(1), 2)
foo[0](1)
(lambda: foo(1))()
