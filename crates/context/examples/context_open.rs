//! Opens a context and prints what it is: `context_open CONTEXT [KUBECONFIG]`.
#![expect(clippy::print_stdout, reason = "an example talks to its user")]

use stayput_cluster::{ClusterError, Release};
use stayput_context::{Options, open};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), ClusterError> {
    let mut arguments = std::env::args().skip(1);
    let context = arguments.next().unwrap_or_default();
    let cluster = open(Options {
        context,
        kubeconfigs: arguments.next().map(Into::into).into_iter().collect(),
        scenario_nodes: vec!["master-1".to_owned(), "node-1".to_owned()],
        progress: stayput_cluster::Progress::silent(),
    })
    .await?;
    println!("{:#?}\n{:#?}", cluster.facts(), cluster.nodes());
    println!("{:?}", cluster.capabilities());
    for node in cluster.nodes().iter().take(1) {
        let refused = cluster.run_on_node(&node.name, "true").await;
        println!(
            "{}",
            refused
                .err()
                .map(|error| error.to_string())
                .unwrap_or_default()
        );
    }
    println!("{:?}", cluster.release(Release::Delete).await?);
    Ok(())
}
