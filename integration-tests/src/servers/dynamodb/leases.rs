//! Tables of leases, as the Kinesis Client Library makes and changes them.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Result, bail};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType,
    ScalarAttributeType,
};

use super::server::DynamoDb;
use crate::servers::{name, runtime};

const KEY: &str = "leaseKey";
const PAUSE: Duration = Duration::from_millis(20);

/// The attributes of a row.
pub type Row = HashMap<String, AttributeValue>;

/// A row of a table of leases, as far as tests look.
#[derive(Clone, Debug, PartialEq)]
pub struct Lease {
    /// The shard.
    pub shard: String,
    /// Who holds it.
    pub owner: Option<String>,
    /// What its owner counts up.
    pub counter: u64,
    /// How far the shard was read.
    pub checkpoint: String,
    /// All attributes.
    pub row: Row,
}

impl Lease {
    /// One as version 2 of the library writes it.
    #[must_use]
    pub fn of_version_2(shard: &str, owner: &str, checkpoint: &str) -> Self {
        let counter = 41;
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let number = |number: u64| AttributeValue::N(number.to_string());
        let row = Row::from([
            (KEY.to_owned(), text(shard)),
            ("leaseOwner".to_owned(), text(owner)),
            ("leaseCounter".to_owned(), number(counter)),
            ("checkpoint".to_owned(), text(checkpoint)),
            ("checkpointSubSequenceNumber".to_owned(), number(0)),
            ("ownerSwitchesSinceCheckpoint".to_owned(), number(0)),
        ]);
        let (shard, owner) = (shard.to_owned(), Some(owner.to_owned()));
        Self { shard, owner, counter, checkpoint: checkpoint.to_owned(), row }
    }

    /// The same with a set of texts more, such as `parentShardId`.
    #[must_use]
    pub fn with(mut self, attribute: &str, texts: &[&str]) -> Self {
        let texts = texts.iter().map(|text| (*text).to_owned()).collect();
        self.row.insert(attribute.to_owned(), AttributeValue::Ss(texts));
        self
    }

    fn read(row: Row) -> Option<Self> {
        let text = |name: &str| row.get(name)?.as_s().ok().cloned();
        Some(Self {
            shard: text(KEY)?,
            owner: text("leaseOwner"),
            counter: row.get("leaseCounter")?.as_n().ok()?.parse().ok()?,
            checkpoint: text("checkpoint")?,
            row,
        })
    }
}

impl DynamoDb {
    /// What a source says of a table of leases here, as an inline table of TOML.
    #[must_use]
    pub fn leases(&self, table: &str, more: &str) -> String {
        let address = self.address();
        format!("leases = {{ table = \"{table}\", endpoint = \"http://{address}\", {more} }}")
    }

    /// A name for a table that no other test has.
    #[must_use]
    pub fn table_name(&self, what: &str) -> String {
        name::unique(what)
    }

    /// A table of leases of its own, as version 2 of the library makes it: without an index.
    ///
    /// # Errors
    /// If the server refuses or does not answer.
    pub fn lease_table(&self, what: &str, leases: &[Lease]) -> Result<String> {
        let (client, table) = (self.client.clone(), name::unique(what));
        let rows: Vec<Row> = leases.iter().map(|lease| lease.row.clone()).collect();
        runtime::wait_for(async move {
            let key = AttributeDefinition::builder().attribute_name(KEY);
            let schema = KeySchemaElement::builder().attribute_name(KEY).key_type(KeyType::Hash);
            client
                .create_table()
                .table_name(&table)
                .attribute_definitions(key.attribute_type(ScalarAttributeType::S).build()?)
                .key_schema(schema.build()?)
                .billing_mode(BillingMode::PayPerRequest)
                .send()
                .await?;
            for row in rows {
                put(&client, &table, row).await?;
            }
            Ok(table)
        })
    }

    /// Puts a row into a table, whatever is there.
    ///
    /// # Errors
    /// If the server refuses or does not answer.
    pub fn put_row(&self, table: &str, row: Row) -> Result<()> {
        let (client, table) = (self.client.clone(), table.to_owned());
        runtime::wait_for(async move { put(&client, &table, row).await })
    }

    /// All rows of a table, of whatever kind.
    ///
    /// # Errors
    /// If the server refuses or does not answer.
    pub fn rows(&self, table: &str) -> Result<Vec<Row>> {
        let (client, table) = (self.client.clone(), table.to_owned());
        runtime::wait_for(async move {
            let page = client.scan().table_name(table).consistent_read(true).send().await?;
            Ok(page.items.unwrap_or_default())
        })
    }

    /// All leases of a table, by shard; none if there is no such table.
    ///
    /// # Errors
    /// If the server refuses or does not answer.
    pub fn lease_rows(&self, table: &str) -> Result<Vec<Lease>> {
        let mut leases: Vec<Lease> = match self.rows(table) {
            Ok(rows) => rows.into_iter().filter_map(Lease::read).collect(),
            Err(error) if format!("{error:?}").contains("ResourceNotFound") => Vec::new(),
            Err(error) => return Err(error),
        };
        leases.sort_by(|one, other| one.shard.cmp(&other.shard));
        Ok(leases)
    }

    /// Renews a lease as the library does, if its owner and its counter are these; says whether
    /// they were.
    ///
    /// # Errors
    /// If the server refuses for another reason, or does not answer.
    pub fn renew(&self, table: &str, lease: &mut Lease) -> Result<bool> {
        let (client, table, shard) = (self.client.clone(), table.to_owned(), lease.shard.clone());
        let (owner, counter) = (lease.owner.clone().unwrap_or_default(), lease.counter);
        let renewed = runtime::wait_for(async move {
            let update = client
                .update_item()
                .table_name(table)
                .key(KEY, AttributeValue::S(shard))
                .update_expression("SET leaseCounter = :next")
                .condition_expression("leaseCounter = :seen AND leaseOwner = :owner")
                .expression_attribute_values(":owner", AttributeValue::S(owner))
                .expression_attribute_values(":seen", AttributeValue::N(counter.to_string()))
                .expression_attribute_values(":next", AttributeValue::N((counter + 1).to_string()));
            match update.send().await {
                Ok(_) => Ok(true),
                Err(error) if format!("{error:?}").contains("ConditionalCheckFailed") => Ok(false),
                Err(error) => Err(error.into()),
            }
        })?;
        if renewed {
            lease.counter += 1;
        }
        Ok(renewed)
    }
}

/// Puts a row; a table that is made just now is waited for.
async fn put(client: &Client, table: &str, row: Row) -> Result<()> {
    for _ in 0..500 {
        let put = client.put_item().table_name(table).set_item(Some(row.clone()));
        match put.send().await {
            Ok(_) => return Ok(()),
            Err(error) if format!("{error:?}").contains("ResourceNotFound") => {}
            Err(error) => return Err(error.into()),
        }
        tokio::time::sleep(PAUSE).await;
    }
    bail!("the table {table} does not become active")
}
