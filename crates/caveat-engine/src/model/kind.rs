//! The words that models and flow rules share: what data is (sources), what becomes of it
//! (sinks), and what is known about it (facts).
//!
//! A rule joins words, a model gives them places in a library; neither names the other. The list
//! is closed on purpose: a word that is misspelt in a user's file is an error, not a silent miss.

/// Declares an enum whose variants have a name in YAML and a meaning in one line.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($variant:ident $text:literal $meaning:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum $name {
            $(#[doc = $meaning] $variant,)*
        }

        impl $name {
            /// Every word, in the order of its number.
            pub const ALL: &'static [$name] = &[$($name::$variant),*];

            /// As models and rules write it.
            pub fn name(self) -> &'static str {
                match self { $($name::$variant => $text,)* }
            }

            /// What it means, for the documentation.
            pub fn meaning(self) -> &'static str {
                match self { $($name::$variant => $meaning,)* }
            }

            /// The word of that name.
            pub fn from_name(name: &str) -> Option<$name> {
                match name { $($text => Some($name::$variant),)* _ => None }
            }
        }
    };
}

words! {
    /// What a value is, by where it comes from.
    SourceKind {
        Untrusted "untrusted" "request data that a remote client chooses",
        UntrustedNumber "untrusted-number" "a number that a remote client chooses",
        UploadName "upload-name" "the client's name of an uploaded file",
        RequestHost "request-host" "the Host header or a forwarded host",
        ClientAddress "client-address" "a forwarded address of the client",
        Network "network" "the response to an outgoing request, bytes of a connection",
        Stored "stored" "a database row, a queue message, the content of a file",
        ArchiveEntry "archive-entry" "the name of a member or link of an archive",
        Cli "cli" "command line and standard input",
        Environment "environment" "environment variables and configuration",
        Parameter "parameter" "a parameter of a public function",
        Sensitive "sensitive" "a secret: token, key, credential",
        Password "password" "a person's password; it is sensitive, too",
        Private "private" "personal data",
        ErrorDetail "error-detail" "text of an exception or error, a traceback",
        WeakRandom "weak-random" "output of a generator that can be predicted",
        Time "time" "the time of day",
        TimeUuid "uuid1" "an identifier made of time and machine",
        NullPointer "null-pointer" "a null or dangling raw pointer",
        FreedPointer "freed-pointer" "a raw pointer whose memory was given back",
        EntityParser "entity-parser" "an XML parser that follows external entities",
        WeakDigest "weak-digest" "the state or digest of a broken hash",
        CredentialStore "credential-store" "a file that is named for passwords or secrets",
        LlmOutput "llm-output" "text or tool arguments that a language model wrote",
        ToolArgument "tool-argument" "an argument of a tool that a language model calls",
        WholeEnvironment "whole-environment" "all environment variables at once",
        Answer "answer" "what a person answered who was asked",
        LocalAddress "local-address" "the address of a local, a parameter or a temporary",
    }
}

words! {
    /// What becomes of a value at a place.
    SinkKind {
        Sql "sql" "text of an SQL statement",
        Nosql "nosql" "a filter object or text of another query language",
        Shell "shell" "text that a shell parses",
        Program "program" "the program that is started",
        Argument "argument" "an argument of a program that is started",
        Code "code" "source text that is evaluated",
        Template "template" "text of a template",
        Html "html" "markup that is sent as it is",
        XmlText "xml-text" "text of an XML document",
        Xslt "xslt" "a stylesheet",
        Xpath "xpath" "an XPath expression",
        LdapFilter "ldap-filter" "a search filter of LDAP",
        LdapDn "ldap-dn" "a distinguished name of LDAP",
        Url "url" "the address of an outgoing request",
        Redirect "redirect" "where the client is sent",
        HeaderValue "header-value" "a response header that may be split by line breaks",
        MailHeader "mail-header" "raw text of a mail",
        Cookie "cookie" "name, value or attribute of a cookie",
        Session "session" "an entry of the server's session",
        Log "log" "a log message",
        Console "console" "standard output of a program",
        Csv "csv" "a cell of a table for a spreadsheet",
        RegexPattern "regex-pattern" "the text of a regular expression",
        RegexSubject "regex-subject" "the text an expression is matched against",
        FormatTemplate "format-template" "a format string",
        AttributeName "attribute-name" "the name of an attribute that is looked up or set",
        ModuleName "module-name" "the module or library that is loaded",
        MassAssign "mass-assign" "keywords that become fields of a stored object",
        Env "env" "an environment variable",
        Path "path" "the path of a file operation",
        UploadPath "upload-path" "the path under which an upload is stored",
        Deserialize "deserialize" "data for a loader that builds arbitrary objects",
        XmlParse "xml-parse" "a document for an XML parser",
        XmlEntities "xml-entities" "a document for an XML parser that follows external entities",
        Decompress "decompress" "data that is expanded without a limit",
        AllocSize "alloc-size" "how much memory is asked for",
        RawLen "raw-len" "the length of a raw slice",
        Index "index" "an index that panics when it is out of bounds",
        LengthArithmetic "length-arithmetic" "a number in arithmetic on lengths",
        Limit "limit" "how many rows or items are asked for",
        Quantity "quantity" "an amount or quantity that is accounted",
        Sleep "sleep" "how long the program waits",
        Float "float" "text that is read as a floating point number",
        WeakHash "weak-hash" "input of a broken hash",
        FastHash "fast-hash" "input of a hash that is fast to compute",
        SecretUse "secret-use" "a token, key, password or cookie that is made",
        Response "response" "a body that the client is shown",
        Store "store" "a file, cookie or table that keeps data",
        CredentialStore "credential-store" "a file, column or field that is named for passwords or secrets",
        Utf8 "utf8" "bytes taken as text without a check",
        Normalize "normalize" "text that is normalised",
        Unwrap "unwrap" "a result whose failure is a panic",
        Expect "expect" "a result whose failure is a panic with a message",
        Permission "permission" "a decision on access",
        Guard "guard" "a comparison that decides",
        UrlBuilt "url-built" "an absolute link in a page or mail",
        PointerAccess "pointer-access" "a raw pointer that is read or written",
        PointerFree "pointer-free" "a raw pointer whose memory is given back",
        FileChange "file-change" "the path of a file that is written, moved or removed",
        Prompt "prompt" "text that a language model is given",
        Instructions "instructions" "the system prompt or instructions of a language model",
        ModelService "model-service" "the name, address or key of a language model",
        Memory "memory" "what an agent remembers for later conversations",
        Escape "escape" "a raw pointer that outlives its frame",
    }
}

words! {
    /// What is known about a value, from steps, guards and types.
    Fact {
        Constant "constant" "stands in the program",
        OneOf "one-of" "one of a set of constants",
        Number "number" "a number",
        Boolean "boolean" "true or false",
        Text "text" "plain text, no object of the sender's making",
        Alphanumeric "alphanumeric" "letters, digits, `_` and `-` only",
        Matches "matches" "matches a pattern as a whole",
        Prefix "prefix" "begins with a constant",
        NoNewline "no-newline" "without line breaks",
        NoQuote "no-quote" "without quotes",
        NoSeparator "no-separator" "without slash, backslash and dot-dot",
        Basename "basename" "the last part of a path",
        SafeFilename "safe-filename" "a harmless file name",
        Resolved "resolved" "an absolute path without links and dot-dot",
        Inside "inside" "a path below a base",
        HostFixed "host-fixed" "a URL whose host is a constant",
        HostAllowed "host-allowed" "a URL whose host was compared with those allowed",
        RelativeUrl "relative-url" "a URL without a host",
        UrlEncoded "url-encoded" "percent-encoded",
        HtmlEscaped "html-escaped" "escaped for HTML text and quoted attributes",
        AttributeEscaped "attribute-escaped" "escaped for quoted attributes of XML",
        MarkupCleaned "markup-cleaned" "HTML without scripts",
        ShellQuoted "shell-quoted" "one word to a shell",
        NoLeadingDash "no-leading-dash" "not an option to a program",
        SqlIdentifier "sql-identifier" "a quoted identifier of SQL",
        SqlBound "sql-bound" "a bound or quoted value of SQL",
        LdapEscaped "ldap-escaped" "escaped for a filter or name of LDAP",
        XpathVariable "xpath-variable" "a variable of an XPath expression",
        RegexEscaped "regex-escaped" "matched literally by an expression",
        CsvEscaped "csv-escaped" "no formula to a spreadsheet",
        BoundedAbove "bounded-above" "compared with an upper bound",
        BoundedBelow "bounded-below" "compared with a lower bound",
        LengthBounded "length-bounded" "of limited length",
        NonNull "non-null" "not null",
        IndexChecked "index-checked" "compared with the length",
        Utf8Valid "utf8-valid" "checked to be UTF-8",
        Initialised "initialised" "written before",
        SchemaValidated "schema-validated" "checked against a schema",
        SignatureVerified "signature-verified" "authenticated by a signature",
        Hashed "hashed" "a digest",
        Encrypted "encrypted" "a ciphertext",
        Masked "masked" "hidden in part",
        Approved "approved" "a person agreed to what happens with it",
        Finite "finite" "neither infinite nor not a number",
        QuoteFirst "quote-first" "begins with a quote",
        QuoteLast "quote-last" "ends with a quote",
        NoQuoteWithin "no-quote-within" "without quotes between its first and its last character",
        StringLiteral "string-literal" "one string literal of a program and nothing else",
    }
}

/// How much a source is the attacker's, from most to least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trust {
    /// Whoever starts the program chose it.
    Environment,
    /// Whoever types the command chose it.
    CommandLine,
    /// It lay in a file or database.
    File,
    /// It came over a connection that the program opened.
    Connection,
    /// A remote client sent it.
    Client,
}

impl SourceKind {
    /// Who chooses data of this kind; none for kinds that are not about choice.
    pub fn trust(self) -> Option<Trust> {
        Some(match self {
            SourceKind::Untrusted
            | SourceKind::UntrustedNumber
            | SourceKind::UploadName
            | SourceKind::RequestHost
            | SourceKind::ClientAddress
            | SourceKind::LlmOutput
            | SourceKind::ToolArgument => Trust::Client,
            SourceKind::Network => Trust::Connection,
            SourceKind::Stored | SourceKind::ArchiveEntry => Trust::File,
            SourceKind::Cli => Trust::CommandLine,
            SourceKind::Environment => Trust::Environment,
            _ => return None,
        })
    }
}

/// A set of facts. There are fewer than 64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct FactSet(u64);

const _: () = assert!(Fact::ALL.len() <= 64);

impl FactSet {
    /// No fact.
    pub const EMPTY: FactSet = FactSet(0);
    /// Every fact.
    pub const ALL: FactSet = FactSet(u64::MAX);

    /// The set with one more.
    #[must_use]
    pub const fn with(self, fact: Fact) -> FactSet {
        FactSet(self.0 | 1 << fact as u8)
    }

    /// The set without one.
    #[must_use]
    pub const fn without(self, fact: Fact) -> FactSet {
        FactSet(self.0 & !(1 << fact as u8))
    }

    /// What is in either.
    #[must_use]
    pub const fn union(self, other: FactSet) -> FactSet {
        FactSet(self.0 | other.0)
    }

    /// What is in both: facts of a value that came one way or the other.
    #[must_use]
    pub const fn intersection(self, other: FactSet) -> FactSet {
        FactSet(self.0 & other.0)
    }

    /// What is in this set only.
    #[must_use]
    pub const fn difference(self, other: FactSet) -> FactSet {
        FactSet(self.0 & !other.0)
    }

    /// Whether the fact is in it.
    pub const fn contains(self, fact: Fact) -> bool {
        self.0 >> fact as u8 & 1 == 1
    }

    /// Whether some fact is in both.
    pub const fn intersects(self, other: FactSet) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether all facts of the other are in it.
    pub const fn contains_all(self, other: FactSet) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether nothing is in it.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Its facts in the order of their numbers.
    pub fn iter(self) -> impl Iterator<Item = Fact> {
        let facts = Fact::ALL.iter().copied();
        facts.filter(move |fact| self.contains(*fact))
    }
}

impl FromIterator<Fact> for FactSet {
    fn from_iter<I: IntoIterator<Item = Fact>>(facts: I) -> FactSet {
        facts.into_iter().fold(FactSet::EMPTY, FactSet::with)
    }
}
