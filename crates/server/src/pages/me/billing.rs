//! The billing of organizations, for who pays for them (BILL-1): a section of its own, because the billing role says nothing
//! about the rest of an organization.

use bastide_api::Problem;
use bastide_api::members::{BillingView, Colleague};
use maud::{Markup, html};

use crate::pages::components::confirm::{Confirm, confirm};
use crate::pages::components::field::Field;
use crate::pages::components::list::{ListText, list};
use crate::pages::components::problem::Errors;
use crate::pages::components::{button, facts, state, status, table, text};
use crate::pages::context::{Context, Listing};
use crate::pages::icons::Icon;
use crate::pages::layout::{self, Crumb, Frame};

/// What the list of organizations shows whose billing one sees.
#[derive(Debug, Clone)]
pub struct BillingsPage {
    /// The organizations.
    pub billings: Listing<BillingView>,
}

/// What the billing page of an organization shows.
#[derive(Debug, Clone)]
pub struct BillingPage {
    /// Its billing.
    pub billing: BillingView,
    /// Who was typed as a new billing administrator.
    pub user: String,
    /// Why it comes back.
    pub problem: Option<Problem>,
}

/// `GET /me/billing`.
pub fn billings(ctx: &Context, view: &BillingsPage) -> Markup {
    let words = ListText {
        id: "billing",
        path: "/me/billing",
        one: "organization",
        many: "organizations",
        nothing_yet: state::empty(
            Icon::Seal,
            "You see no billing",
            "An organization's billing is seen by its owner and by its billing administrators.",
            &html! {},
        ),
        searchable: true,
    };
    let body = list(&words, &view.billings, |items| {
        let rows = items.iter().map(|one| {
            let organization = &one.organization;
            vec![
                html! {
                    a.strong href={ "/me/billing/" (organization.slug) } { (text::name(&organization.name)) }
                    div.slug { (organization.slug) }
                },
                html! { (status::role(&one.role)) },
                html! { (one.plan) },
            ]
        });
        table::table(
            "billing",
            "Organizations whose billing you see",
            &["Organization", "Your role", "Plan"],
            rows,
        )
    });
    let frame = Frame::new("Billing", body).lead(html! { "The organizations that you pay for." });
    layout::console(ctx, &frame)
}

/// `GET` and `POST /me/billing/{slug}`.
pub fn billing(ctx: &Context, view: &BillingPage) -> Markup {
    let errors = Errors::of(view.problem.as_ref());
    let organization = &view.billing.organization;
    let base = format!("/me/billing/{}", organization.slug);
    let may = |action: &str| view.billing.actions.iter().any(|offered| offered == action);
    let body = html! {
        (errors.summary(&[("user", "user")]))
        (facts::facts([
            ("Organization", text::name(&organization.name)),
            ("Plan", html! { (view.billing.plan) }),
            ("Your role", html! { (status::role(&view.billing.role)) }),
        ]))
        section.section aria-labelledby="administrators-title" {
            h2 id="administrators-title" { "Billing administrators" }
            @if view.billing.administrators.is_empty() {
                p.muted { "There are none; the owner sees to it." }
            } @else {
                (administrators(&base, &view.billing.administrators, may("withdraw")))
            }
        }
        @if may("assign") {
            section.section aria-labelledby="add-title" {
                h2 id="add-title" { "Add a billing administrator" }
                form.form.card method="post" action=(base) {
                    (Field::new("user", "Person", &view.user).pointer("user").longest(254)
                        .hint(html! { "E-mail address or id. They see the billing and nothing else of the organization by it." })
                        .render(errors))
                    div.actions { (button::submit("Add billing administrator")) }
                }
            }
        }
        @if may("leave") { (give_up(&base)) }
    };
    let title = format!("Billing of {}", organization.name);
    let frame =
        Frame::new(&title, body).crumbs(vec![Crumb::new("/me/billing", "Billing")]).failed(errors.any());
    layout::console(ctx, &frame)
}

fn administrators(base: &str, people: &[Colleague], withdraws: bool) -> Markup {
    let rows = people.iter().map(|person| {
        vec![
            html! { span.strong { (text::name(&person.name)) } div.slug { (person.email) } },
            status::access(&person.access),
            if withdraws {
                withdrawal(base, person)
            } else {
                html! { span.muted { "—" } }
            },
        ]
    });
    table::table("administrators", "Billing administrators", &["Person", "Account", "Actions"], rows)
}

fn withdrawal(base: &str, person: &Colleague) -> Markup {
    confirm(&Confirm {
        id: &format!("withdraw-{}", person.id),
        trigger: "Take away",
        about: &person.name,
        title: "Take the billing role away?",
        consequences: html! { p { "They see nothing of this billing any more." } },
        action: &format!("{base}/{}/withdraw", person.id),
        fields: html! {},
        verb: "Take the role away",
    })
}

fn give_up(base: &str) -> Markup {
    confirm(&Confirm {
        id: "leave",
        trigger: "Leave",
        about: "",
        title: "Leave the organization?",
        consequences: html! { p { "Your billing role ends, and every other role and team that you have in the organization." } },
        action: &format!("{base}/leave"),
        fields: html! {},
        verb: "Leave the organization",
    })
}
