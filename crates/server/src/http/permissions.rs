//! The registry of permission keys (ROLE-5).

use bastide_api::registry::PermissionView;
use bastide_api::{Page, PageQuery};
use bastide_model::Permission;
use http::Uri;

use super::answer::Out;
use super::extract::{Search, Who};
use super::problem::Failure;
use super::{paging, views};

pub(crate) async fn list(
    _: Who,
    Search(query): Search<PageQuery>,
    here: Uri,
) -> Result<Out<Page<PermissionView>>, Failure> {
    let all = Permission::ALL.iter().copied().map(views::permission).collect();
    let page =
        paging::cut(all, &query, |permission: &PermissionView| vec![&permission.key, &permission.meaning])?;
    Ok(Out::page(page, &here))
}
