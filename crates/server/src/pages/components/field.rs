//! Fields with their label, hint and error, tied together for assistive technology.

use bastide_api::registry::PermissionView;
use maud::{Markup, html};

use super::problem::Errors;
use super::text;

/// Whether a field has to be filled in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    Always,
    /// Whenever another choice asks for it: the browser cannot know, the server checks.
    Sometimes,
    Never,
}

/// One line of text that somebody types.
pub struct Field<'a> {
    name: &'a str,
    label: &'a str,
    pointer: String,
    kind: &'static str,
    value: &'a str,
    hint: Option<Markup>,
    need: Need,
    autocomplete: &'static str,
    autofocus: bool,
    minimum: Option<u32>,
    maximum: Option<u32>,
    length: Option<usize>,
    list: Option<&'a str>,
    slug_from: Option<&'a str>,
    code: bool,
}

impl<'a> Field<'a> {
    /// A required field; its element has the name as its id, and errors are looked for at `/name`.
    pub fn new(name: &'a str, label: &'a str, value: &'a str) -> Self {
        Self {
            name,
            label,
            pointer: format!("/{name}"),
            kind: "text",
            value,
            hint: None,
            need: Need::Always,
            autocomplete: "off",
            autofocus: false,
            minimum: None,
            maximum: None,
            length: None,
            list: None,
            slug_from: None,
            code: false,
        }
    }

    /// May be left empty.
    pub fn optional(mut self) -> Self {
        self.need = Need::Never;
        self
    }

    /// Has to be filled in when another choice asks for it.
    pub fn sometimes(mut self) -> Self {
        self.need = Need::Sometimes;
        self
    }

    /// Where errors are looked for, when not at `/name`.
    pub fn pointer(mut self, pointer: &str) -> Self {
        pointer.clone_into(&mut self.pointer);
        self
    }

    /// A sentence on what to type.
    pub fn hint(mut self, hint: Markup) -> Self {
        self.hint = Some(hint);
        self
    }

    /// What browsers and password managers may fill in.
    pub fn autocomplete(mut self, token: &'static str) -> Self {
        self.autocomplete = token;
        self
    }

    /// Takes the focus when the page opens and nothing went wrong.
    pub fn autofocus(mut self) -> Self {
        self.autofocus = true;
        self
    }

    /// Most characters.
    pub fn longest(mut self, characters: usize) -> Self {
        self.length = Some(characters);
        self
    }

    /// An e-mail address.
    pub fn email(mut self) -> Self {
        self.kind = "email";
        self
    }

    /// A password; what was typed is never shown again.
    pub fn password(mut self) -> Self {
        self.kind = "password";
        self.value = "";
        self
    }

    /// A number between two bounds.
    pub fn number(mut self, minimum: u32, maximum: u32) -> Self {
        self.kind = "number";
        self.minimum = Some(minimum);
        self.maximum = Some(maximum);
        self
    }

    /// Suggestions from the `datalist` with this id.
    pub fn suggestions(mut self, list: &'a str) -> Self {
        self.list = Some(list);
        self
    }

    /// A slug that is made from another field when it stays empty: the script shows what it will be.
    pub fn slug_from(mut self, field: &'a str) -> Self {
        self.slug_from = Some(field);
        self.code = true;
        self
    }

    /// Set in the type of code: slugs, fingerprints, codes.
    pub fn code(mut self) -> Self {
        self.code = true;
        self
    }

    /// The field as it is shown.
    pub fn render(&self, errors: Errors<'_>) -> Markup {
        let wrong = errors.at(&self.pointer);
        let described = describe(self.name, self.hint.is_some(), !wrong.is_empty());
        let invalid = (!wrong.is_empty()).then_some("true");
        html! {
            div.field.invalid[!wrong.is_empty()] {
                (label(self.name, self.label, self.need == Need::Never))
                @if let Some(hint) = &self.hint { p.hint id={ (self.name) "-hint" } { (hint) } }
                (error(self.name, &wrong))
                input.mono[self.code] type=(self.kind) id=(self.name) name=(self.name) value=(self.value)
                    required[self.need == Need::Always] autocomplete=(self.autocomplete)
                    autofocus[self.autofocus && !errors.any()]
                    min=[self.minimum] max=[self.maximum] maxlength=[self.length] list=[self.list]
                    data-slug-from=[self.slug_from] aria-describedby=[described] aria-invalid=[invalid]
                    autocapitalize=[self.code.then_some("none")] spellcheck=[self.code.then_some("false")];
            }
        }
    }
}

/// A permission that can be ticked, with what it allows.
pub fn permission_tick(permission: &PermissionView, ticked: &[String]) -> Markup {
    let id = format!("permission-{}", permission.key);
    let hint = format!("{id}-hint");
    let is_ticked = ticked.contains(&permission.key);
    html! {
        div.choice {
            input type="checkbox" id=(id) name="permission" value=(permission.key) checked[is_ticked]
                aria-describedby=(hint);
            div.choice-text {
                label for=(id) { code { (permission.key) } }
                div.hint id=(hint) { (permission.meaning) }
            }
        }
    }
}

/// Several lines of text.
pub struct Area<'a> {
    /// Name and id of the element; errors are looked for at `/name`.
    pub name: &'a str,
    /// What it is.
    pub label: &'a str,
    /// What was typed.
    pub value: &'a str,
    /// A sentence on what to type; may be empty.
    pub hint: Markup,
    /// Lines that are shown.
    pub lines: u32,
    /// Most characters.
    pub longest: usize,
    /// Whether something has to be typed.
    pub required: bool,
    /// Set in the type of code.
    pub code: bool,
}

impl Area<'_> {
    /// The field as it is shown.
    pub fn render(&self, errors: Errors<'_>) -> Markup {
        let wrong = errors.at(&format!("/{}", self.name));
        let has_hint = !self.hint.0.is_empty();
        let described = describe(self.name, has_hint, !wrong.is_empty());
        let invalid = (!wrong.is_empty()).then_some("true");
        html! {
            div.field.invalid[!wrong.is_empty()] {
                (label(self.name, self.label, !self.required))
                @if has_hint { p.hint id={ (self.name) "-hint" } { (self.hint) } }
                (error(self.name, &wrong))
                textarea.mono[self.code] id=(self.name) name=(self.name) rows=(self.lines)
                    maxlength=(self.longest) required[self.required] aria-describedby=[described]
                    aria-invalid=[invalid] spellcheck=[self.code.then_some("false")] { "\n" (self.value) }
            }
        }
    }
}

/// One of a few, in a box that opens.
pub struct Select<'a> {
    /// Name and id of the element.
    pub name: &'a str,
    /// What it is.
    pub label: &'a str,
    /// Where errors are looked for.
    pub pointer: &'a str,
    /// A sentence on what it means; may be empty.
    pub hint: Markup,
    /// Value and words of each choice.
    pub choices: Vec<(String, String)>,
    /// The value that is chosen.
    pub chosen: &'a str,
}

impl Select<'_> {
    /// The field as it is shown.
    pub fn render(&self, errors: Errors<'_>) -> Markup {
        let wrong = errors.at(self.pointer);
        let has_hint = !self.hint.0.is_empty();
        let described = describe(self.name, has_hint, !wrong.is_empty());
        let invalid = (!wrong.is_empty()).then_some("true");
        html! {
            div.field.invalid[!wrong.is_empty()] {
                (label(self.name, self.label, false))
                @if has_hint { p.hint id={ (self.name) "-hint" } { (self.hint) } }
                (error(self.name, &wrong))
                select id=(self.name) name=(self.name) aria-describedby=[described] aria-invalid=[invalid] {
                    @for (value, words) in &self.choices {
                        option value=(value) selected[value == self.chosen] { (words) }
                    }
                }
            }
        }
    }
}

/// One of a few, all of them to be seen.
pub struct Radios<'a> {
    /// Name of the elements; the group has it as its id.
    pub name: &'a str,
    /// What is chosen.
    pub legend: &'a str,
    /// Where errors are looked for.
    pub pointer: &'a str,
    /// The choices.
    pub choices: Vec<Choice<'a>>,
    /// The value that is chosen.
    pub chosen: &'a str,
}

/// One choice.
pub struct Choice<'a> {
    /// Its value.
    pub value: &'a str,
    /// What it is called.
    pub label: Markup,
    /// What it means; may be empty.
    pub hint: Markup,
}

impl Radios<'_> {
    /// The group as it is shown.
    pub fn render(&self, errors: Errors<'_>) -> Markup {
        let wrong = errors.at(self.pointer);
        let described = (!wrong.is_empty()).then(|| format!("{}-error", self.name));
        html! {
            fieldset.choices.invalid[!wrong.is_empty()] id=(self.name) tabindex="-1" aria-describedby=[described] {
                legend { (self.legend) }
                (error(self.name, &wrong))
                @for choice in &self.choices { (self.choice(choice)) }
            }
        }
    }

    fn choice(&self, choice: &Choice<'_>) -> Markup {
        let id = format!("{}-{}", self.name, choice.value);
        let hint = (!choice.hint.0.is_empty()).then(|| format!("{id}-hint"));
        html! {
            div.choice {
                input type="radio" id=(id) name=(self.name) value=(choice.value)
                    checked[choice.value == self.chosen] aria-describedby=[hint.as_deref()];
                div.choice-text {
                    label for=(id) { (choice.label) }
                    @if let Some(hint) = &hint { div.hint id=(hint) { (choice.hint) } }
                }
            }
        }
    }
}

/// Carries a value without showing it.
pub fn hidden(name: &str, value: &str) -> Markup {
    html! { input type="hidden" name=(name) value=(value); }
}

fn label(id: &str, text: &str, may_be_empty: bool) -> Markup {
    html! { label for=(id) { (text) @if may_be_empty { (optional()) } } }
}

/// The word beside the label of what may be left empty.
pub fn optional() -> Markup {
    html! { span.optional { " (optional)" } }
}

/// What is wrong, beside the field.
pub fn error(id: &str, wrong: &[&str]) -> Markup {
    html! {
        @if !wrong.is_empty() {
            div.field-error id={ (id) "-error" } { @for sentence in wrong { p { (text::sentence(sentence)) } } }
        }
    }
}

fn describe(id: &str, hint: bool, error: bool) -> Option<String> {
    match (hint, error) {
        (false, false) => None,
        (true, false) => Some(format!("{id}-hint")),
        (false, true) => Some(format!("{id}-error")),
        (true, true) => Some(format!("{id}-hint {id}-error")),
    }
}
