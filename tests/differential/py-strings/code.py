import os
A = "abc"
f("abc")
f('abc')
f("""abc""")
f("ab" "c")
f("ab" + "c")
f(A)
f(b"abc")
f(f"abc{x}")
f(f"{x}")
f("a%s" % x)
f("a{}".format(x))
f("")
f(r"a\b")
f("abc", "abd")
f(u"abc")
f("http://a.b/c")
f(str(x))
print("secret: %s", x)
B = os.environ["KEY"]
C = {"a": 1, "b": 2}
D = [1, 2, 3]
E = (1, 2)
F = {"a", "b"}
G = 0x10
H = 16
I = 1_6
J = 1.0
K = None
L = True
f(G)
f(H)
f(16)
