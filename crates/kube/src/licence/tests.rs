//! A corpus of licences, one for each way in which one can hold or not hold (FLEET-3).

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bastide_model::Timestamp;
use bastide_model::licence::{Examination, LicenceFacts, LicenceState, REQUIRED_FEATURES, judge};
use bastide_model::limits::LICENCE_BYTES_MAX;
use proptest::prelude::*;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, SanType,
};

use super::*;

const UID: &str = "0195f3a2-0000-7000-8000-000000000001";
const OTHER_UID: &str = "0195f3a2-0000-7000-8000-000000000002";
const DAY: i64 = 86_400;

/// So many days after the beginning of [`request`]'s validity, 2026-01-01.
fn day(days: i64) -> Timestamp {
    Timestamp::parse("2026-01-01T00:00:00Z").unwrap().plus_seconds(days * DAY)
}

fn request(change: impl FnOnce(&mut LicenceRequest)) -> LicenceRequest {
    let mut request = LicenceRequest {
        cluster_uids: vec![UID.into()],
        features: vec!["databases".into()],
        product_line: "bastide".into(),
        tier: "enterprise".into(),
        plan: "yearly".into(),
        flags: vec!["Nodes=10".into(), "Region=eu".into()],
        not_before: day(0),
        not_after: day(365),
    };
    change(&mut request);
    request
}

fn facts(examination: &Examination) -> &LicenceFacts {
    match examination {
        Examination::Certificate(facts) => facts,
        Examination::Unreadable { problem } => panic!("unreadable: {problem}"),
    }
}

/// State and reason on a day, for the cluster [`UID`].
fn judged(pem: &str, authority: &Authority, on: i64) -> (LicenceState, String) {
    let examination = examine(pem, &[&authority.certificate_pem]);
    let verdict = judge(Some(&examination), UID, REQUIRED_FEATURES, day(on));
    (verdict.state, verdict.reason)
}

/// A licence as rcgen makes it: for what [`issue`] does not make.
struct Foreign {
    params: CertificateParams,
}

impl Foreign {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, UID);
        params.distinguished_name.push(DnType::OrganizationName, "databases");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.not_before = rcgen::date_time_ymd(2026, 1, 1);
        params.not_after = rcgen::date_time_ymd(2027, 1, 1);
        Self { params }
    }

    fn signed_by(&self, authority: &Authority) -> String {
        let key = KeyPair::generate().unwrap();
        self.params.signed_by(&key, &issuer(authority)).unwrap().pem()
    }
}

fn issuer(authority: &Authority) -> Issuer<'static, KeyPair> {
    Issuer::from_ca_cert_pem(&authority.certificate_pem, KeyPair::from_pem(&authority.key_pem).unwrap())
        .unwrap()
}

fn is_invalid(pem: &str, authority: &Authority, word: &str) {
    let (state, reason) = judged(pem, authority, 1);
    assert!(state == LicenceState::Invalid && reason.contains(word), "{state}: {reason}");
}

/// FLEET-3: what is asked for is what is read.
#[test]
fn fleet_3_a_licence_says_what_was_issued() {
    let authority = authority("Example licences").unwrap();
    let pem = issue(
        &authority,
        &request(|request| {
            request.cluster_uids = vec![UID.into(), OTHER_UID.into()];
            request.features = vec!["databases".into(), "client-organizations".into(), "größe".into()];
        }),
    )
    .unwrap();
    let examination = examine(&pem, &[&authority.certificate_pem]);
    let facts = facts(&examination);
    assert_eq!(facts.chain_problem, None);
    assert_eq!(facts.cluster_uids, [UID, OTHER_UID]);
    assert_eq!(facts.features, ["databases", "client-organizations", "größe"]);
    assert_eq!(facts.product_line, ["bastide"]);
    assert_eq!(facts.tier, ["enterprise"]);
    assert_eq!(facts.plan, ["yearly"]);
    assert_eq!(facts.flags, ["Nodes=10", "Region=eu"]);
    assert_eq!((facts.not_before, facts.not_after), (day(0), day(365)));
    assert_eq!(facts.issuer, "CN=Example licences");
    assert!(facts.client_auth);
    let again = examine(&issue(&authority, &request(|_| ())).unwrap(), &[&authority.certificate_pem]);
    assert_ne!(facts.id, self::facts(&again).id, "every licence has an id of its own");
}

/// FLEET-3: active, expiring, expired, not yet valid.
#[test]
fn fleet_3_states_over_time() {
    let authority = authority("Example licences").unwrap();
    let pem = issue(&authority, &request(|_| ())).unwrap();
    assert_eq!(judged(&pem, &authority, 1).0, LicenceState::Active);
    assert_eq!(judged(&pem, &authority, 340).0, LicenceState::Expiring);
    assert_eq!(judged(&pem, &authority, 366).0, LicenceState::Expired);
    let (state, reason) = judged(&pem, &authority, -1);
    assert!(state == LicenceState::Invalid && reason.contains("not valid before"), "{reason}");
}

/// FLEET-3: the beginning and the end of a licence may lie beyond what two digits of a year can say.
#[test]
fn fleet_3_a_licence_may_end_after_2050() {
    let authority = authority("Example licences").unwrap();
    let far = request(|request| request.not_after = day(40 * 365));
    let pem = issue(&authority, &far).unwrap();
    assert_eq!(judged(&pem, &authority, 39 * 365).0, LicenceState::Active);
    assert_eq!(facts(&examine(&pem, &[&authority.certificate_pem])).not_after, far.not_after);
}

/// FLEET-3: a licence of somebody else, of another key under the same name, and for nobody in particular.
#[test]
fn fleet_3_wrong_authority() {
    let ours = authority("Example licences").unwrap();
    let pem = issue(&authority("Somebody else").unwrap(), &request(|_| ())).unwrap();
    is_invalid(&pem, &ours, "not a configured licence authority");
    let namesake = issue(&authority("Example licences").unwrap(), &request(|_| ())).unwrap();
    is_invalid(&namesake, &ours, "signature");
    let good = issue(&ours, &request(|_| ())).unwrap();
    let unconfigured = examine(&good, &[]);
    assert_eq!(facts(&unconfigured).chain_problem.as_deref(), Some("no licence authority is configured"));
    let broken = examine(&good, &["-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]);
    assert!(facts(&broken).chain_problem.as_ref().unwrap().contains("cannot be used"));
    is_invalid(&ours.certificate_pem, &ours, "not a licence");
}

/// FLEET-3: any configured authority will do, so that one can follow another.
#[test]
fn fleet_3_several_authorities() {
    let (old, new) = (authority("Old").unwrap(), authority("New").unwrap());
    for signer in [&old, &new] {
        let pem = issue(signer, &request(|_| ())).unwrap();
        assert_eq!(facts(&examine(&pem, &[&old.certificate_pem, &new.certificate_pem])).chain_problem, None);
        let bundle = format!("{}{}", old.certificate_pem, new.certificate_pem);
        assert_eq!(facts(&examine(&pem, &[&bundle])).chain_problem, None);
    }
}

/// FLEET-3: a certificate for servers is no licence, nor is one that does not say what it is for; the reason is the
/// usage, not the chain.
#[test]
fn fleet_3_wrong_usage() {
    let authority = authority("Example licences").unwrap();
    for usages in [vec![ExtendedKeyUsagePurpose::ServerAuth], vec![]] {
        let mut foreign = Foreign::new();
        foreign.params.extended_key_usages = usages;
        is_invalid(&foreign.signed_by(&authority), &authority, "client authentication");
    }
    let mut both = Foreign::new();
    both.params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    assert_eq!(judged(&both.signed_by(&authority), &authority, 1).0, LicenceState::Active);
}

/// FLEET-3: the cluster must be among those that the licence names, in its common name or its DNS names.
#[test]
fn fleet_3_cluster_uids() {
    let authority = authority("Example licences").unwrap();
    let other = issue(&authority, &request(|request| request.cluster_uids = vec![OTHER_UID.into()])).unwrap();
    is_invalid(&other, &authority, &format!("found {OTHER_UID}"));
    let second =
        issue(&authority, &request(|request| request.cluster_uids = vec![OTHER_UID.into(), UID.into()]))
            .unwrap();
    assert_eq!(judged(&second, &authority, 1).0, LicenceState::Active);

    let common_name_only = Foreign::new().signed_by(&authority);
    assert_eq!(judged(&common_name_only, &authority, 1).0, LicenceState::Active);
    let mut mail_only = Foreign::new();
    mail_only.params.distinguished_name.remove(DnType::CommonName);
    mail_only.params.subject_alt_names =
        vec![SanType::Rfc822Name(format!("{UID}@example.org").try_into().unwrap())];
    is_invalid(&mail_only.signed_by(&authority), &authority, "found none");
}

/// FLEET-3: any one required feature is enough, none is not.
#[test]
fn fleet_3_features() {
    let authority = authority("Example licences").unwrap();
    let with = |features: &[&str]| {
        let features = features.iter().map(|feature| (*feature).to_owned()).collect();
        issue(&authority, &request(|request| request.features = features)).unwrap()
    };
    assert_eq!(judged(&with(&["monitoring", "client-organizations"]), &authority, 1).0, LicenceState::Active);
    is_invalid(&with(&["monitoring"]), &authority, "found monitoring");
    is_invalid(&with(&[]), &authority, "found none");
}

/// FLEET-3: while one licence follows another, both hold, and at no time none; a clock that is set back judges by the latest
/// time that was seen, which is what the caller hands over.
#[test]
fn fleet_3_renewal_overlaps() {
    use LicenceState as S;
    let authority = authority("Example licences").unwrap();
    let old = issue(&authority, &request(|_| ())).unwrap();
    let next = request(|request| (request.not_before, request.not_after) = (day(335), day(700)));
    let next = issue(&authority, &next).unwrap();
    for (on, expected) in [
        (334, [S::Active, S::Invalid]),
        (336, [S::Expiring, S::Active]),
        (364, [S::Expiring, S::Active]),
        (366, [S::Expired, S::Active]),
        (690, [S::Expired, S::Expiring]),
    ] {
        let found = [&old, &next].map(|pem| judged(pem, &authority, on).0);
        assert_eq!(found, expected, "day {on}");
        assert!(found.iter().any(|state| state.permits_placement()), "day {on}");
    }
}

/// FLEET-3: certificates of old carry the name of a person where an e-mail address belongs, some of them twice; it is read
/// over, and no uid is taken from it.
#[test]
fn fleet_3_a_name_in_the_field_for_mail() {
    let authority = authority("Example licences").unwrap();
    let mail = |text: &str| SanType::Rfc822Name(text.try_into().unwrap());
    for (names, found) in [
        (vec![mail("Jane Doe")], vec![UID]),
        (vec![mail("Jane Doe"), mail("jane@example.org")], vec![UID]),
        (vec![mail(OTHER_UID)], vec![UID]),
    ] {
        let mut old = Foreign::new();
        old.params.subject_alt_names = names;
        let pem = old.signed_by(&authority);
        assert_eq!(judged(&pem, &authority, 1).0, LicenceState::Active);
        assert_eq!(facts(&examine(&pem, &[&authority.certificate_pem])).cluster_uids, found);
    }
    let mut dns = Foreign::new();
    dns.params.subject_alt_names = vec![mail("Jane Doe"), SanType::DnsName(OTHER_UID.try_into().unwrap())];
    let pem = dns.signed_by(&authority);
    let examination = examine(&pem, &[&authority.certificate_pem]);
    assert_eq!(facts(&examination).cluster_uids, [UID, OTHER_UID]);
}

/// FLEET-3: a cluster that has not told its uid is licensed by nothing, not even by a licence without one.
#[test]
fn fleet_3_an_empty_uid_is_refused_first() {
    let authority = authority("Example licences").unwrap();
    let mut nobody = Foreign::new();
    nobody.params.distinguished_name.remove(DnType::CommonName);
    nobody.params.distinguished_name.push(DnType::CommonName, "");
    for pem in [nobody.signed_by(&authority), issue(&authority, &request(|_| ())).unwrap(), "x".to_owned()] {
        let examination = examine(&pem, &[&authority.certificate_pem]);
        let verdict = judge(Some(&examination), "", REQUIRED_FEATURES, day(1));
        assert_eq!(verdict.state, LicenceState::Invalid);
        assert!(verdict.reason.contains("has not told its uid"), "{}", verdict.reason);
    }
}

/// FLEET-3: what is critical and not understood makes a licence invalid, what is not critical does not.
#[test]
fn fleet_3_unknown_critical_extension() {
    let authority = authority("Example licences").unwrap();
    for (critical, expected) in [(true, LicenceState::Invalid), (false, LicenceState::Active)] {
        let mut extension = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99_999, 1], vec![5, 0]);
        extension.set_criticality(critical);
        let mut foreign = Foreign::new();
        foreign.params.custom_extensions = vec![extension];
        let (state, reason) = judged(&foreign.signed_by(&authority), &authority, 1);
        assert_eq!(state, expected, "{reason}");
        assert_eq!(critical, reason.contains("critical extension"), "{reason}");
    }
}

/// FLEET-3: certificates between the licence and the authority are part of the upload.
#[test]
fn fleet_3_a_chain() {
    let root = authority("Root").unwrap();
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "Reseller");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    // Renewed after the licence began.
    params.not_before = rcgen::date_time_ymd(2026, 3, 1);
    params.not_after = rcgen::date_time_ymd(2026, 4, 1);
    let key = KeyPair::generate().unwrap();
    let certificate_pem = params.signed_by(&key, &issuer(&root)).unwrap().pem();
    let reseller = Authority { certificate_pem: certificate_pem.clone(), key_pem: key.serialize_pem() };
    let leaf = issue(&reseller, &request(|_| ())).unwrap();

    assert_eq!(judged(&format!("{leaf}{certificate_pem}"), &root, 1).0, LicenceState::Active);
    is_invalid(&leaf, &root, "not a configured licence authority");
    is_invalid(&format!("{certificate_pem}{leaf}"), &root, "not a licence");
    let crowd = leaf.repeat(9);
    assert!(matches!(examine(&crowd, &[&root.certificate_pem]), Examination::Unreadable { .. }));
}

/// FLEET-3: who is no authority cannot issue, even with a certificate of the authority.
#[test]
fn fleet_3_a_licence_issues_no_licences() {
    let root = authority("Root").unwrap();
    let key = KeyPair::generate().unwrap();
    let holder = Foreign::new().params.signed_by(&key, &issuer(&root)).unwrap().pem();
    let pretender = Authority { certificate_pem: holder.clone(), key_pem: key.serialize_pem() };
    let forged = Foreign::new().signed_by(&pretender);
    is_invalid(&format!("{forged}{holder}"), &root, "may not issue");
}

/// FLEET-3: `unknown` is what is no certificate at all.
#[test]
fn fleet_3_what_does_not_parse_is_unknown() {
    let authority = authority("Example licences").unwrap();
    let good = issue(&authority, &request(|_| ())).unwrap();
    let key = format!("{}{good}", authority.key_pem);
    let cut = good.replace("-----END CERTIFICATE-----", "");
    let long = " ".repeat(LICENCE_BYTES_MAX + 1);
    let no_der = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for (text, word) in [
        ("", "no certificate"),
        ("hello", "no certificate"),
        (&key, "private key"),
        (&cut, "PEM"),
        (&long, "bytes"),
        (no_der, "not an X.509"),
    ] {
        let (state, reason) = judged(text, &authority, 1);
        assert!(state == LicenceState::Unknown && reason.contains(word), "{word}: {state} {reason}");
    }
}

#[test]
fn what_is_issued_is_checked_first() {
    let ours = authority("Example licences").unwrap();
    let refused = |change: fn(&mut LicenceRequest)| issue(&ours, &request(change)).unwrap_err().to_string();
    assert!(refused(|r| r.cluster_uids.clear()).starts_with("cluster_uids: at least one"));
    assert!(refused(|r| r.cluster_uids = vec!["not a uid".into()]).contains("not the uid"));
    assert!(refused(|r| r.features = vec![String::new()]).starts_with("features: "));
    assert!(refused(|r| r.features = vec!["x".repeat(65)]).contains("64"));
    assert!(refused(|r| r.features = vec!["x".into(); 101]).contains("101"));
    assert!(refused(|r| r.flags = vec!["Nodes".into()]).contains("Key=value"));
    assert!(refused(|r| r.tier = " a".into()).starts_with("tier: "));
    assert!(refused(|r| r.not_after = r.not_before).starts_with("not_after: must be after"));
    assert!(refused(|r| r.not_before = Timestamp::from_millis(-1_000_000)).contains("1970"));
    assert!(authority("").is_err());

    let other = authority("Example licences").unwrap();
    let mixed = Authority { key_pem: other.key_pem, ..ours.clone() };
    assert!(issue(&mixed, &request(|_| ())).unwrap_err().to_string().contains("signature"));
    let garbage = Authority { certificate_pem: "x".into(), ..ours };
    assert!(matches!(issue(&garbage, &request(|_| ())), Err(IssueError::Authority(_))));
}

fn der(pem: &str) -> Vec<u8> {
    let text: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    BASE64_STANDARD.decode(text).unwrap()
}

fn as_pem(der: &[u8]) -> String {
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", BASE64_STANDARD.encode(der))
}

/// FLEET-3: whichever byte of a licence is changed, it no longer holds.
#[test]
fn fleet_3_tampered() {
    let authority = authority("Example licences").unwrap();
    let good = der(&issue(&authority, &request(|_| ())).unwrap());
    for place in 0..good.len() {
        let mut bad = good.clone();
        bad[place] ^= 1;
        match examine(&as_pem(&bad), &[&authority.certificate_pem]) {
            Examination::Unreadable { .. } => {}
            Examination::Certificate(facts) => assert!(facts.chain_problem.is_some(), "byte {place}"),
        }
    }
}

proptest! {
    /// Whatever is uploaded, there is an answer.
    #[test]
    fn no_text_makes_it_panic(text in ".*", bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let pem = as_pem(&bytes);
        for upload in [text.as_str(), &pem] {
            let examination = examine(upload, &[&pem]);
            if let Examination::Certificate(facts) = examination {
                prop_assert!(facts.chain_problem.is_some());
            }
        }
    }

    /// A damaged licence never holds, and never makes it panic.
    #[test]
    fn no_damage_makes_it_hold(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..5),
        cut in any::<prop::sample::Index>(),
        shorten in any::<bool>(),
    ) {
        static GOOD: std::sync::LazyLock<(String, Vec<u8>)> = std::sync::LazyLock::new(|| {
            let authority = authority("Example licences").unwrap();
            let pem = issue(&authority, &request(|_| ())).unwrap();
            (authority.certificate_pem, der(&pem))
        });
        let (authority, good) = &*GOOD;
        let mut bad = good.clone();
        for (place, byte) in changes {
            let place = place.index(bad.len());
            bad[place] = byte;
        }
        if shorten {
            bad.truncate(cut.index(bad.len()));
        }
        if let Examination::Certificate(facts) = examine(&as_pem(&bad), &[authority]) {
            prop_assert!(facts.chain_problem.is_some() || &bad == good);
        }
    }
}
