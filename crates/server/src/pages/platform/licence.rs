//! The licence of a cluster (FLEET-3): its state with the reason, whom it is for, and a new one.

use bastide_api::clusters::LicenceView;
use bastide_model::limits::LICENCE_BYTES_MAX;
use maud::{Markup, html};

use super::cluster::ClusterPage;
use crate::pages::components::field::Area;
use crate::pages::components::problem::Errors;
use crate::pages::components::{button, facts, status, text};
use crate::pages::icons::Icon;

/// The panel with the licence.
pub(super) fn licence(view: &ClusterPage, errors: Errors<'_>) -> Markup {
    let licence = view.cluster.administration.as_ref().map(|administration| &administration.licence);
    html! {
        section.card id="licence" aria-labelledby="licence-title" {
            h2 id="licence-title" { (Icon::Seal.draw()) "Licence" }
            @match licence {
                Some(licence) => {
                    p.licence-state { (status::licence(&licence.state)) " " (text::prose(&licence.reason)) }
                    @if !licence.permits_placement() {
                        p { "No client organization can be placed here without an active licence. What is here already stays." }
                    }
                    (facts::facts(rows(licence)))
                }
                None => p.muted { "Seeing it needs the permission " code { "licences.view" } "." },
            }
            @if view.offers("upload_licence") { (upload(view, licence, errors)) }
        }
    }
}

fn rows(licence: &LicenceView) -> Vec<(&'static str, Markup)> {
    let uid =
        |uid: &str| html! { @if uid.is_empty() { span.muted { "Not told yet" } } @else { code { (uid) } } };
    let mut rows = vec![("Expected uid", uid(&licence.expected_uid))];
    if licence.state == "none" {
        return rows;
    }
    rows.push(("Found uids", facts::codes(&licence.found_uids, "None")));
    let listed = |values: &[String]| html! { (values.join(", ")) };
    let optional: [(&str, &[String]); 5] = [
        ("Features", &licence.features),
        ("Product line", &licence.product_line),
        ("Tier", &licence.tier),
        ("Plan", &licence.plan),
        ("Flags", &licence.flags),
    ];
    rows.extend(
        optional
            .into_iter()
            .filter(|(_, values)| !values.is_empty())
            .map(|(word, values)| (word, listed(values))),
    );
    let times = [("Valid from", &licence.not_before), ("Valid until", &licence.not_after)];
    rows.extend(times.into_iter().filter_map(|(word, at)| Some((word, text::time(at.as_deref()?)))));
    rows.extend(licence.issuer.as_deref().map(|issuer| ("Signed by", text::name(issuer))));
    rows.extend(licence.id.as_deref().map(|id| ("Licence id", html! { code { (id) } })));
    rows
}

/// The file is read by the script into the text; without it the text can be pasted.
fn upload(view: &ClusterPage, licence: Option<&LicenceView>, errors: Errors<'_>) -> Markup {
    let has_one = licence.is_some_and(|licence| licence.state != "none");
    let verb = if has_one { "Replace the licence" } else { "Upload a licence" };
    let wrong = !errors.at("/pem").is_empty();
    let needed = licence.is_some_and(|licence| !licence.permits_placement());
    html! {
        details.fold id="upload" open[wrong || needed || !view.licence_pem.is_empty()] {
            summary { (verb) }
            form.form method="post" action={ (view.address()) "/licence" } {
                (Area {
                    name: "pem",
                    label: "Certificate in PEM",
                    value: &view.licence_pem,
                    hint: html! { "The text between and with " code { "BEGIN CERTIFICATE" } " and " code { "END CERTIFICATE" } ", intermediates after it if there are any." },
                    lines: 6,
                    longest: LICENCE_BYTES_MAX,
                    required: true,
                    code: true,
                }.render(errors))
                div.field data-file-field hidden {
                    label for="licence-file" { "Or from a file" }
                    input type="file" id="licence-file" accept=".pem,.crt,.cer,.txt" data-file-to="pem";
                }
                @if has_one && !needed {
                    div.choice {
                        input type="checkbox" id="licence-force" name="force" value="yes";
                        div.choice-text { label for="licence-force" { "Replace the present licence even if the new one does not hold" } }
                    }
                }
                div.actions { (button::submit(verb)) }
            }
        }
    }
}
