//! The drawing beside the pages before sign-in and in empty places: the plan of a bastide, with its wall and gates,
//! its straight streets, its plots, and the market place in the middle. Coloured by the style sheet.

use maud::{Markup, html};

/// Edges of a row or column of blocks, in units of the drawing.
const BLOCKS: [(u32, u32); 5] = [(84, 56), (150, 56), (216, 68), (294, 56), (360, 56)];

/// Wall towers: corners, and both sides of the gates.
const TOWERS: [(u32, u32); 12] = [
    (60, 60),
    (440, 60),
    (60, 440),
    (440, 440),
    (232, 60),
    (268, 60),
    (232, 440),
    (268, 440),
    (60, 232),
    (60, 268),
    (440, 232),
    (440, 268),
];

/// The plan of a town.
pub(super) fn town_plan() -> Markup {
    html! {
        svg.town viewBox="0 0 500 500" aria-hidden="true" focusable="false" {
            path.town-river d="M-700 500C-300 440-120 540 20 486 80 462 110 500 176 482S300 462 360 484s90-6 160-24 380 30 680-40" {}
            path.town-road d="M250-700v1900M-700 250h1900" {}
            g.town-field {
                path d="M8 30h34M8 40h34M8 50h34M8 60h34M8 300h30M8 310h30M8 320h30M8 330h30" {}
                path d="M462 96v34M472 96v34M482 96v34M462 330v40M472 330v40M482 330v40" {}
            }
            path.town-wall d="M60 60h172m36 0h172v172m0 36v172H268m-36 0H60V268m0-36V60" {}
            g.town-tower {
                @for (x, y) in TOWERS { rect x=(x - 7) y=(y - 7) width="14" height="14" {} }
            }
            @for (row, (y, height)) in BLOCKS.into_iter().enumerate() {
                @for (column, (x, width)) in BLOCKS.into_iter().enumerate() {
                    @match (row, column) {
                        (2, 2) => (market_place(x, y, width, height)),
                        (1, 3) => (church(x, y, width, height)),
                        _ => (block(x, y, width, height, (row + column) % 2 == 0)),
                    }
                }
            }
        }
    }
}

/// One block of houses, cut into plots across or along.
fn block(x: u32, y: u32, width: u32, height: u32, across: bool) -> Markup {
    let plots = (1..4u32).map(|plot| {
        if across {
            format!("M{} {y}v{height}", x + plot * width / 4)
        } else {
            format!("M{x} {}h{width}", y + plot * height / 4)
        }
    });
    let alley = if across {
        format!("M{x} {}h{width}", y + height / 2)
    } else {
        format!("M{} {y}v{height}", x + width / 2)
    };
    html! {
        rect.town-block x=(x) y=(y) width=(width) height=(height) {}
        path.town-plot d=(plots.chain([alley]).collect::<String>()) {}
    }
}

fn market_place(x: u32, y: u32, width: u32, height: u32) -> Markup {
    html! {
        rect.town-place x=(x) y=(y) width=(width) height=(height) {}
        rect.town-arcade x=(x + 7) y=(y + 7) width=(width - 14) height=(height - 14) {}
        rect.town-hall x=(x + width / 2 - 12) y=(y + height / 2 - 9) width="24" height="18" {}
    }
}

fn church(x: u32, y: u32, width: u32, height: u32) -> Markup {
    html! {
        rect.town-yard x=(x) y=(y) width=(width) height=(height) {}
        path.town-church d=(format!(
            "M{} {}h14v-9h10v9h12q7 0 7 6t-7 6h-12v9h-10v-9h-14z", x + 7, y + height / 2 - 6
        )) {}
    }
}
