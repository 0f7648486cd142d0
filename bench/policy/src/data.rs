//! Who and what there is: by numbers, and always the same.

use bastide_model::role::TeamRole;

/// Roots of trees.
const ROOTS: usize = 20;
/// How deep an organization may lie.
const DEPTH: usize = 6;
/// Members of a team; five of them are at home in its organization.
const MEMBERS: usize = 8;

/// Everything there is. What lies in something names it by its place in the list.
#[derive(Debug, Default)]
pub struct Data {
    /// The organization above each.
    pub parents: Vec<Option<usize>>,
    /// The owner of each organization.
    pub owners: Vec<usize>,
    /// How many people there are.
    pub users: usize,
    /// Who administers which organization, and whether what lies beneath it as well.
    pub administrators: Vec<(usize, usize, bool)>,
    /// Who has the custom role of the root at which organization.
    pub auditors: Vec<(usize, usize)>,
    /// The organization of each team.
    pub teams: Vec<usize>,
    /// Team and user.
    pub members: Vec<(usize, usize, TeamRole)>,
    /// The organization of each project.
    pub projects: Vec<usize>,
    /// Project and team.
    pub shares: Vec<(usize, usize, TeamRole)>,
    /// The project of each resource.
    pub resources: Vec<usize>,
}

/// Numbers without a pattern, always the same.
#[derive(Debug, Clone)]
pub struct Numbers(u64);

impl Numbers {
    /// Those of a beginning.
    pub fn from(seed: u64) -> Self {
        Self(seed)
    }

    /// One below a bound.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.any() % bound as u64) as usize
    }

    /// Any (splitmix64).
    pub fn any(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

impl Data {
    /// An installation with so many organizations; five people, three teams, five projects and 25 resources for each.
    pub fn of(organizations: usize) -> Self {
        let mut numbers = Numbers::from(4_711);
        let mut data = Self { users: 5 * organizations, ..Self::default() };
        let mut depths: Vec<usize> = Vec::new();
        for number in 0..organizations {
            let parent = (number >= ROOTS).then(|| {
                loop {
                    let above = numbers.below(number);
                    if depths[above] < DEPTH {
                        break above;
                    }
                }
            });
            depths.push(parent.map_or(1, |above| depths[above] + 1));
            data.parents.push(parent);
            data.owners.push(data.at_home(number, 0));
        }
        for user in 0..data.users {
            match numbers.below(10) {
                0 => data.administrators.push((user, numbers.below(organizations), false)),
                1 => data.auditors.push((user, numbers.below(organizations))),
                2 if numbers.below(5) == 0 => {
                    data.administrators.push((user, numbers.below(organizations), true));
                }
                _ => {}
            }
        }
        data.work(&mut numbers);
        data
    }

    fn work(&mut self, numbers: &mut Numbers) {
        for organization in 0..self.parents.len() {
            let first = self.teams.len();
            for team in first..first + 3 {
                self.teams.push(organization);
                let home = (0..5).map(|number| self.at_home(organization, number)).collect::<Vec<_>>();
                let others = (5..MEMBERS).map(|_| numbers.below(self.users));
                let mut members: Vec<_> = home.into_iter().chain(others).collect();
                members.sort_unstable();
                members.dedup();
                let role = |user: usize| TeamRole::ALL[(user + team) % 3];
                self.members.extend(members.into_iter().map(|user| (team, user, role(user))));
            }
            for _ in 0..5 {
                let project = self.projects.len();
                self.projects.push(organization);
                let left_out = numbers.below(3);
                for team in (0..3).filter(|team| *team != left_out) {
                    self.shares.push((project, first + team, TeamRole::ALL[numbers.below(3)]));
                }
                self.resources.extend([project; 5]);
            }
        }
    }

    /// One of the five people who are at home in an organization.
    pub fn at_home(&self, organization: usize, number: usize) -> usize {
        5 * organization + number
    }

    /// The organization and everything above it.
    pub fn line(&self, organization: usize) -> impl Iterator<Item = usize> + '_ {
        std::iter::successors(Some(organization), |here| self.parents[*here])
    }

    /// The root that an organization lies beneath.
    pub fn root(&self, organization: usize) -> usize {
        self.line(organization).last().unwrap_or(organization)
    }
}
