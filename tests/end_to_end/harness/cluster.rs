//! Several nodes on one Postgres and one Redis, behind a load balancer.

use std::sync::Arc;

use testing::servers::{
    PostgresOptions, PostgresServer, RedisOptions, RedisServer, Template, TestDatabase, fresh_database,
};

use super::folder::{migrate, template, template_name};
use super::server::Stopped;
use super::{Client, Folder, Link, Proxy, Server, ServerBuilder};

/// How a cluster is to be started.
pub struct ClusterBuilder {
    server: ServerBuilder,
    nodes: usize,
    has_own_postgres: bool,
    has_redis: bool,
    has_links: bool,
}

/// Running nodes, with everything that they need.
pub struct Cluster {
    nodes: Vec<Option<Node>>,
    server: ServerBuilder,
    /// The load balancer.
    pub proxy: Proxy,
    links: Vec<Link>,
    /// The database of all nodes.
    pub database: TestDatabase,
    postgres: Option<PostgresServer>,
    redis: Option<RedisServer>,
}

enum Node {
    Running(Box<Server>),
    Stopped(Stopped),
}

impl ClusterBuilder {
    /// So many nodes; two where nothing is said.
    pub fn nodes(mut self, nodes: usize) -> Self {
        self.nodes = nodes;
        self
    }

    /// A Postgres server of their own, which the test may stop and freeze.
    pub fn own_postgres(mut self) -> Self {
        self.has_own_postgres = true;
        self
    }

    /// No Redis.
    pub fn without_redis(mut self) -> Self {
        self.has_redis = false;
        self
    }

    /// A [`Link`] between each node and Postgres, which the test may cut.
    pub fn linked(mut self) -> Self {
        self.has_links = true;
        self
    }

    /// Starts everything; the nodes one after the other.
    pub async fn start(self) -> Cluster {
        let mut cluster = self.prepare().await;
        for node in 0..cluster.nodes.len() {
            cluster.start_node(node).await;
        }
        cluster
    }

    /// Starts everything but the nodes.
    pub async fn prepare(self) -> Cluster {
        let postgres = if self.has_own_postgres {
            Some(PostgresServer::start(PostgresOptions::default()).await.expect("Postgres"))
        } else {
            None
        };
        let template = match &postgres {
            Some(postgres) => Template::on(postgres, &template_name("own")),
            None => template("shared"),
        };
        let database = fresh_database(&template, migrate).await.expect("a database");
        let redis = if self.has_redis {
            Some(RedisServer::start(RedisOptions::default()).await.expect("Redis"))
        } else {
            None
        };
        let mut links = Vec::new();
        if self.has_links {
            for _ in 0..self.nodes {
                links.push(Link::start(port(&database.url())));
            }
        }
        let proxy = Proxy::start(self.nodes);
        let nodes = (0..self.nodes).map(|_| None).collect();
        Cluster { nodes, server: self.server, proxy, links, database, postgres, redis }
    }
}

impl Cluster {
    /// Two nodes that are started like this.
    pub const fn of(server: ServerBuilder) -> ClusterBuilder {
        ClusterBuilder { server, nodes: 2, has_own_postgres: false, has_redis: true, has_links: false }
    }

    /// A node.
    pub fn node(&self, node: usize) -> &Server {
        match &self.nodes[node] {
            Some(Node::Running(server)) => server,
            Some(Node::Stopped(_)) | None => panic!("node {node} does not run"),
        }
    }

    /// A node, to send signals to.
    pub fn node_mut(&mut self, node: usize) -> &mut Server {
        match &mut self.nodes[node] {
            Some(Node::Running(server)) => server,
            Some(Node::Stopped(_)) | None => panic!("node {node} does not run"),
        }
    }

    /// How a node is started: with this database and this Redis.
    pub fn builder(&self, node: usize) -> ServerBuilder {
        let mut url = self.database.url();
        if let Some(link) = self.links.get(node) {
            url = url.replace(&format!(":{}/", port(&url)), &format!(":{}/", link.port()));
        }
        let mut builder = self.server.clone().env("COLLOQUY_DATABASE__URL", &url);
        if let Some(redis) = &self.redis {
            builder = builder.env("COLLOQUY_REDIS__URL", &redis.url());
        }
        builder
    }

    /// Starts a node, again in its folder where it was stopped.
    pub async fn start_node(&mut self, node: usize) {
        let server = match self.nodes[node].take() {
            None => self.builder(node).start_in(Arc::new(Folder::without_database())).await,
            Some(Node::Stopped(stopped)) => stopped.start().await,
            Some(Node::Running(_)) => panic!("node {node} runs"),
        };
        self.proxy.set(node, Some(server.address()));
        self.nodes[node] = Some(Node::Running(Box::new(server)));
    }

    /// Adds a node that was started by the test.
    pub fn adopt(&mut self, node: usize, server: Server) {
        self.proxy.set(node, Some(server.address()));
        self.nodes[node] = Some(Node::Running(Box::new(server)));
    }

    /// Pulls a node's plug: SIGKILL.
    pub async fn kill(&mut self, node: usize) {
        let server = self.take(node);
        self.nodes[node] = Some(Node::Stopped(server.kill().await));
    }

    /// Asks a node to stop, and waits until it has. The load balancer finds out by itself.
    pub async fn terminate(&mut self, node: usize) -> Option<i32> {
        let stopped = self.take(node).terminate().await;
        let code = stopped.status.code();
        self.nodes[node] = Some(Node::Stopped(stopped));
        code
    }

    fn take(&mut self, node: usize) -> Server {
        match self.nodes[node].take() {
            Some(Node::Running(server)) => *server,
            Some(Node::Stopped(_)) | None => panic!("node {node} does not run"),
        }
    }

    /// The line between a node and Postgres.
    pub fn link(&self, node: usize) -> &Link {
        &self.links[node]
    }

    /// The Postgres server that the test may stop.
    pub fn postgres(&mut self) -> &mut PostgresServer {
        self.postgres.as_mut().expect("a Postgres server of one's own")
    }

    /// The Redis server.
    pub fn redis(&mut self) -> &mut RedisServer {
        self.redis.as_mut().expect("a Redis server")
    }

    /// The owner, at the first node.
    pub async fn owner(&self) -> Client {
        self.node(0).owner().await
    }

    /// The same person at a node.
    pub fn at(&self, node: usize, client: &Client) -> Client {
        client.at(self.node(node).address())
    }

    /// The same person at the load balancer.
    pub fn balanced(&self, client: &Client) -> Client {
        client.at(self.proxy.address())
    }
}

/// The port in a URL of Postgres.
pub fn port(url: &str) -> u16 {
    let after = url.rsplit(':').next().and_then(|rest| rest.split('/').next());
    after.and_then(|port| port.parse().ok()).expect("a port in the URL")
}
