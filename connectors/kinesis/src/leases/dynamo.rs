//! The table in DynamoDB.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType, TableStatus,
};
use forebay_clients::aws::{AwsConnection, Failure, Meaning};
use forebay_core::SplitId;
use tokio::time::sleep;

use super::lease::{Lease, Mark};
use super::row::{KEY, OWNER, Row, lease, number, row, text, texts};
use super::table::Table;

/// The index by which workers of the Kinesis Client Library 3 find their own.
const INDEX: &str = "LeaseOwnerToLeaseKeyIndex";
/// How long a table may take to be made.
const LOOKS: u32 = 120;
const BETWEEN_LOOKS: Duration = Duration::from_millis(500);
/// Leases of one table, at most: ten times what the service gives an account in shards.
const MOST: usize = 200_000;

/// A table of leases in DynamoDB.
pub(crate) struct Dynamo {
    client: Client,
    table: String,
    /// Whether it is made if there is none.
    creates: bool,
}

impl Dynamo {
    pub(crate) async fn new(connection: &AwsConnection, table: &str, creates: bool) -> Self {
        let client = Client::new(&connection.load().await);
        Self { client, table: table.to_owned(), creates }
    }

    /// How the table stands, if there is one.
    pub(crate) async fn status(&self) -> Result<Option<TableStatus>, Failure> {
        let answer = self.client.describe_table().table_name(&self.table).send().await;
        match answer.map_err(|error| Failure::of(&error)) {
            Ok(answer) => Ok(answer.table.and_then(|table| table.table_status)),
            Err(failure) if failure.meaning == Meaning::Gone => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    async fn make(&self) -> Result<(), Failure> {
        let attribute = |name: &str| {
            let kind = ScalarAttributeType::S;
            let attribute = AttributeDefinition::builder().attribute_name(name);
            attribute.attribute_type(kind).build().map_err(|error| unbuilt(&error))
        };
        let key = |name: &str, kind: KeyType| {
            let key = KeySchemaElement::builder().attribute_name(name).key_type(kind);
            key.build().map_err(|error| unbuilt(&error))
        };
        // Made with the table: writes may fail while an index is added to one.
        let index = GlobalSecondaryIndex::builder()
            .index_name(INDEX)
            .key_schema(key(OWNER, KeyType::Hash)?)
            .key_schema(key(KEY, KeyType::Range)?)
            .projection(Projection::builder().projection_type(ProjectionType::KeysOnly).build())
            .build()
            .map_err(|error| unbuilt(&error))?;
        let made = self
            .client
            .create_table()
            .table_name(&self.table)
            .attribute_definitions(attribute(KEY)?)
            .attribute_definitions(attribute(OWNER)?)
            .key_schema(key(KEY, KeyType::Hash)?)
            .global_secondary_indexes(index)
            .billing_mode(BillingMode::PayPerRequest)
            .send()
            .await;
        match made.map_err(|error| Failure::of(&error)) {
            Ok(_) => Ok(()),
            // Somebody else was faster.
            Err(failure) if failure.code.as_deref() == Some("ResourceInUseException") => Ok(()),
            Err(failure) => Err(failure),
        }
    }

    fn update(&self, shard: &SplitId) -> UpdateItemFluentBuilder {
        self.client.update_item().table_name(&self.table).key(KEY, text(shard.as_str()))
    }

    /// A change by the owner, which counts up.
    fn count_up(&self, shard: &SplitId, me: &str, counter: u64) -> UpdateItemFluentBuilder {
        self.update(shard)
            .expression_attribute_values(":me", text(me))
            .expression_attribute_values(":seen", number(counter))
            .expression_attribute_values(":next", number(counter.saturating_add(1)))
    }
}

fn unbuilt(error: &BuildError) -> Failure {
    Failure::new(Meaning::Refused, error.to_string())
}

fn strange(text: String) -> Failure {
    Failure::new(Meaning::Trouble, text)
}

async fn sent(update: UpdateItemFluentBuilder) -> Result<(), Failure> {
    update.send().await.map(drop).map_err(|error| Failure::of(&error))
}

#[async_trait]
impl Table for Dynamo {
    async fn prepare(&self) -> Result<(), Failure> {
        for _ in 0..LOOKS {
            match self.status().await? {
                Some(TableStatus::Active | TableStatus::Updating) => return Ok(()),
                None if !self.creates => {
                    let text = format!(
                        "there is no table `{}`: make it, or let it be made (leases.create)",
                        self.table
                    );
                    return Err(Failure::new(Meaning::Gone, text));
                }
                None => self.make().await?,
                Some(_) => {}
            }
            sleep(BETWEEN_LOOKS).await;
        }
        Err(strange(format!("the table `{}` does not become active", self.table)))
    }

    async fn scan(&self) -> Result<Vec<Lease>, Failure> {
        let (mut leases, mut from): (Vec<Lease>, Option<Row>) = (Vec::new(), None);
        loop {
            let page = self
                .client
                .scan()
                .table_name(&self.table)
                .consistent_read(true)
                .set_exclusive_start_key(from.take())
                .send()
                .await
                .map_err(|error| Failure::of(&error))?;
            for row in page.items() {
                leases.extend(lease(row).map_err(strange)?);
            }
            if leases.len() > MOST {
                return Err(strange(format!("`{}` has more than {MOST} leases", self.table)));
            }
            match page.last_evaluated_key {
                Some(next) if !next.is_empty() => from = Some(next),
                _ => return Ok(leases),
            }
        }
    }

    async fn get(&self, shard: &SplitId) -> Result<Option<Lease>, Failure> {
        let request = self.client.get_item().table_name(&self.table).consistent_read(true);
        let answer = request.key(KEY, text(shard.as_str())).send().await;
        let row = answer.map_err(|error| Failure::of(&error))?.item;
        Ok(row.as_ref().map(lease).transpose().map_err(strange)?.flatten())
    }

    async fn create(&self, lease: &Lease) -> Result<bool, Failure> {
        let put = self.client.put_item().table_name(&self.table).set_item(Some(row(lease)));
        let put = put.condition_expression("attribute_not_exists(leaseKey)").send().await;
        match put.map_err(|error| Failure::of(&error)) {
            Ok(_) => Ok(true),
            Err(failure) if failure.meaning == Meaning::Condition => Ok(false),
            Err(failure) => Err(failure),
        }
    }

    async fn take(&self, seen: &Lease, me: &str) -> Result<(), Failure> {
        let is_other = !seen.is_of(me);
        let switch = if is_other { " ADD ownerSwitchesSinceCheckpoint :one" } else { "" };
        let update = self.count_up(&seen.shard, me, seen.counter);
        let update = update
            .update_expression(format!(
                "SET leaseOwner = :me, leaseCounter = :next REMOVE checkpointOwner{switch}"
            ))
            .condition_expression("leaseCounter = :seen");
        sent(match is_other {
            true => update.expression_attribute_values(":one", number(1)),
            false => update,
        })
        .await
    }

    async fn renew(&self, shard: &SplitId, me: &str, counter: u64) -> Result<(), Failure> {
        let update = self.count_up(shard, me, counter);
        let update = update.update_expression("SET leaseCounter = :next").condition_expression(
            "leaseCounter = :seen AND leaseOwner = :me AND attribute_not_exists(checkpointOwner)",
        );
        sent(update).await
    }

    async fn keep(
        &self,
        shard: &SplitId,
        me: &str,
        counter: u64,
        mark: &Mark,
    ) -> Result<(), Failure> {
        let (checkpoint, sub) = mark.attributes();
        let update = self
            .count_up(shard, me, counter)
            .update_expression(
                "SET checkpoint = :checkpoint, checkpointSubSequenceNumber = :sub, \
                 ownerSwitchesSinceCheckpoint = :zero, leaseCounter = :next \
                 REMOVE pendingCheckpoint, pendingCheckpointSubSequenceNumber, \
                 pendingCheckpointState",
            )
            .condition_expression("leaseCounter = :seen AND leaseOwner = :me")
            .expression_attribute_values(":checkpoint", text(checkpoint))
            .expression_attribute_values(":sub", number(sub))
            .expression_attribute_values(":zero", number(0));
        sent(update).await
    }

    async fn adopt(&self, shard: &SplitId, children: &[SplitId]) -> Result<(), Failure> {
        if children.is_empty() {
            return Ok(());
        }
        let update = self
            .update(shard)
            .update_expression("SET childShardIds = :children")
            .condition_expression("attribute_exists(leaseKey)")
            .expression_attribute_values(":children", texts(children));
        sent(update).await
    }

    async fn let_go(&self, shard: &SplitId, me: &str) -> Result<(), Failure> {
        let update = self
            .update(shard)
            .update_expression("REMOVE leaseOwner ADD leaseCounter :one")
            .condition_expression("leaseOwner = :me")
            .expression_attribute_values(":me", text(me))
            .expression_attribute_values(":one", number(1));
        sent(update).await
    }

    async fn delete(&self, seen: &Lease) -> Result<(), Failure> {
        let delete = self.client.delete_item().table_name(&self.table);
        let delete = delete
            .key(KEY, text(seen.shard.as_str()))
            .condition_expression("leaseCounter = :seen")
            .expression_attribute_values(":seen", number(seen.counter));
        delete.send().await.map(drop).map_err(|error| Failure::of(&error))
    }
}
