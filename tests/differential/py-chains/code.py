a.b().c().d()
a.b().d()
a.d()
a.b(1).c(2)
x = a.b()
x.c()
self.q.r.s()
q.filter(a=1).order_by("x").all()
q.filter(a=1).all()
q.all()
import m.n
m.n.o.p()
from m import n
n.o()
from m.n import o
o.p()
from m.n import *
p()
import m.n as z
z.o()
