//! Every limit of the product that no plan changes. Beyond one, the answer is an error with the number in it.

/// Most items on one page of a list.
pub const PAGE_SIZE_MAX: u32 = 200;
/// Items on a page when the caller does not say.
pub const PAGE_SIZE_DEFAULT: u32 = 50;
/// Longest display name, in characters (ORG-1).
pub const NAME_CHARS_MAX: usize = 255;
/// Longest description, in characters.
pub const DESCRIPTION_CHARS_MAX: usize = 2_000;
/// Longest organization slug, in characters (ORG-1): leaves room for suffixes within a DNS label of 63.
pub const SLUG_CHARS_MAX: usize = 40;
/// Deepest organization tree: a root has depth 1.
pub const TREE_DEPTH_MAX: usize = 32;
/// Most annotations on one organization.
pub const ANNOTATIONS_MAX: usize = 50;
/// Most bytes of annotations on one organization, keys and values together.
pub const ANNOTATION_BYTES_MAX: usize = 64 * 1024;
/// Most custom roles that one organization defines.
pub const ROLES_MAX: usize = 100;
/// Most host names that one organization owns: with both listeners for each of [`SHARED_LISTENERS_MAX`] they fill one
/// `ListenerSet`, which holds 64.
pub const HOST_NAMES_MAX: usize = 8;
/// Longest host name, in characters (RFC 1035, 2.3.4).
pub const HOST_NAME_CHARS_MAX: usize = 253;
/// Longest host name that an organization owns, in characters: leaves room for what names are made from it.
pub const HOST_SUFFIX_CHARS_MAX: usize = 180;
/// Most listeners of one gateway.
pub const LISTENERS_MAX: usize = 16;
/// Most listeners of a gateway that organizations share: each has them once more for its own host names.
pub const SHARED_LISTENERS_MAX: usize = 4;
/// Most addresses that one gateway asks for.
pub const GATEWAY_ADDRESSES_MAX: usize = 16;
/// Most labels of one node pool.
pub const NODE_POOL_LABELS_MAX: usize = 20;
/// Most tolerations of one node pool.
pub const NODE_POOL_TOLERATIONS_MAX: usize = 20;
/// Longest e-mail address, in bytes (RFC 5321, 4.5.3.1.3, less the angle brackets).
pub const EMAIL_BYTES_MAX: usize = 254;
/// Shortest password, in characters (NIST SP 800-63B).
pub const PASSWORD_CHARS_MIN: usize = 12;
/// Longest password, in bytes: bounds the work of hashing.
pub const PASSWORD_BYTES_MAX: usize = 1_024;
/// Largest request body, in bytes.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;
/// Largest body of what an agent reports, in bytes: the status of thousands of organizations.
pub const AGENT_BODY_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Longest name, version or reason that an agent reports, in characters.
pub const REPORTED_WORD_CHARS_MAX: usize = 253;
/// Longest sentence that an agent reports, in characters; what is longer is cut.
pub const REPORTED_TEXT_CHARS_MAX: usize = 1_000;
/// Most capabilities, and most conditions of one thing, that an agent reports.
pub const REPORTED_ITEMS_MAX: usize = 64;
/// Most objects that an agent reports of one organization.
pub const REPORTED_OBJECTS_MAX: usize = 2_000;
/// Largest licence, in bytes of PEM.
pub const LICENCE_BYTES_MAX: usize = 64 * 1024;
/// Largest certificate signing request, in bytes of PEM.
pub const CSR_BYTES_MAX: usize = 16 * 1024;
/// Most clusters that wait for acceptance at one time on one hub.
pub const CLUSTERS_REQUESTED_MAX: u64 = 100;
/// Seconds after which a request to join that nobody decided on is forgotten, so that they do not pile up.
pub const CLUSTER_REQUEST_SECONDS: i64 = 7 * 24 * 60 * 60;
/// Seconds that an authority is believed after another took its place: as long as a join token or a request that names
/// it, or a certificate of its, can last.
pub const AUTHORITY_RETIRED_SECONDS: i64 =
    JOIN_TOKEN_SECONDS_MAX + CLUSTER_REQUEST_SECONDS + AGENT_CERTIFICATE_SECONDS;
/// Seconds that a join token works when nobody says otherwise.
pub const JOIN_TOKEN_SECONDS_DEFAULT: i64 = 60 * 60;
/// Longest life of a join token, in seconds.
pub const JOIN_TOKEN_SECONDS_MAX: i64 = 7 * 24 * 60 * 60;
/// Life of an agent's certificate, in seconds: hours, so that expiry is a real bound.
pub const AGENT_CERTIFICATE_SECONDS: i64 = 8 * 60 * 60;
/// Seconds between two heartbeats of an agent.
pub const HEARTBEAT_SECONDS: i64 = 10;
/// Seconds without a heartbeat after which a cluster is `unknown`.
pub const HEARTBEAT_GRACE_SECONDS: i64 = 50;
/// Seconds that a long poll of an agent waits for something new.
pub const AGENT_POLL_SECONDS: u64 = 25;
/// Life of a session, in seconds, from sign-in.
pub const SESSION_SECONDS: i64 = 14 * 24 * 60 * 60;
/// A session that is not used for so many seconds ends.
pub const SESSION_IDLE_SECONDS: i64 = 3 * 24 * 60 * 60;
/// Most sessions of one user; the oldest ends when one more begins.
pub const SESSIONS_PER_USER_MAX: u64 = 50;
/// Most personal tokens of one user that work at one time.
pub const TOKENS_PER_USER_MAX: u64 = 50;
/// Life of a personal token when nobody says otherwise, in seconds.
pub const TOKEN_SECONDS_DEFAULT: i64 = 90 * 24 * 60 * 60;
/// Longest life of a personal token, in seconds.
pub const TOKEN_SECONDS_MAX: i64 = 366 * 24 * 60 * 60;
/// Failed sign-ins for one account within [`ATTEMPT_WINDOW_SECONDS`] before further ones are not looked at.
pub const ATTEMPTS_PER_ACCOUNT: u64 = 10;
/// Failed sign-ins from one address within [`ATTEMPT_WINDOW_SECONDS`] before further ones are not looked at.
pub const ATTEMPTS_PER_ADDRESS: u64 = 50;
/// Devices that may ask to sign in from one address within [`ATTEMPT_WINDOW_SECONDS`].
pub const DEVICES_PER_ADDRESS: u64 = 100;
/// Wrong codes of devices that one account may type within [`ATTEMPT_WINDOW_SECONDS`] (RFC 8628, 5.1).
pub const DEVICE_CODES_PER_ACCOUNT: u64 = 10;
/// Window over which attempts are counted, in seconds.
pub const ATTEMPT_WINDOW_SECONDS: i64 = 15 * 60;
/// Life of the one-time link that makes the first site administrator, in seconds.
pub const SETUP_LINK_SECONDS: i64 = 24 * 60 * 60;
/// Life of a device authorization, in seconds (RFC 8628).
pub const DEVICE_CODE_SECONDS: i64 = 10 * 60;
/// Least seconds between two polls for a device's token (RFC 8628).
pub const DEVICE_POLL_SECONDS: i64 = 2;
/// Life of the code that a browser hands to the command line, in seconds (RFC 6749).
pub const LOGIN_CODE_SECONDS: i64 = 60;
/// Hours that the answer to an idempotency key is kept.
pub const IDEMPOTENCY_HOURS: i64 = 24;
/// Seconds that an agent's renewal may begin before the end of its certificate: the last quarter of its life.
pub const AGENT_RENEWAL_SECONDS: i64 = AGENT_CERTIFICATE_SECONDS / 4;
/// A licence within so many seconds of its end is `expiring` (FLEET-3: 30 days).
pub const LICENCE_EXPIRING_SECONDS: i64 = 30 * 24 * 60 * 60;
