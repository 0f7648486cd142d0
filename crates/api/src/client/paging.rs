//! From pages to whole lists.

use bastide_model::limits::PAGE_SIZE_MAX;

use super::ClientError;
use crate::{Page, PageQuery};

/// Reads page after page until the last, or until `most` items are there.
///
/// # Errors
/// That of the first page that fails; [`ClientError::Unexpected`] when the hub gives the same cursor twice, which would
/// never end.
pub async fn all_pages<T>(
    mut query: PageQuery,
    most: Option<usize>,
    fetch: impl AsyncFn(PageQuery) -> Result<Page<T>, ClientError>,
) -> Result<Vec<T>, ClientError> {
    let most = most.unwrap_or(usize::MAX);
    let wanted = u32::try_from(most).unwrap_or(u32::MAX);
    query.page_size.get_or_insert(wanted.clamp(1, PAGE_SIZE_MAX));
    let mut items = Vec::new();
    loop {
        let page = fetch(query.clone()).await?;
        items.extend(page.items);
        if items.len() >= most {
            items.truncate(most);
            return Ok(items);
        }
        match page.next_page_token {
            None => return Ok(items),
            Some(token) if query.page_token.as_ref() == Some(&token) => {
                return Err(ClientError::Unexpected {
                    request: "a list".to_owned(),
                    status: 200,
                    detail: "the hub gave the same page_token twice".to_owned(),
                    request_id: None,
                });
            }
            token => query.page_token = token,
        }
    }
}
