"""The threat model of SECURITY.md, line by line, against the real server: what the page never sends."""

OWNER, OTHER = "the owner's secret, long enough", "another's secret, long enough"
TOKEN = "hf_ThisIsASecretThatMustNotGetOut"
HOSTILE = '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>\'"&'
OWN_WORDS = "zebras hide here"
