"""Every singular dbt test has been seen to fail: one built demo, one corruption at a time."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest
from conftest import PROJECT, Built, Shop, new_shop

# a ledger of the demo, which has none; its last statement is the insert that a corruption completes
LEDGER = """
    create schema if not exists main_ledger;
    create table main_ledger.activation_event as select * from main_input.activation_event;
    create or replace view main_input.activation_event as select * from main_ledger.activation_event;
    insert into main_ledger.activation_event
        (event_id, message_key, channel, campaign_id, person_key, op, state, batch_id, event_at) """
PERSON = "(select person_key from campaign_outbox order by message_key limit 1)"

CORRUPTIONS = [
    ("assert_every_raw_row_is_staged_or_quarantined", "delete from quarantined_records where rule = 'no_fx_rate'"),
    (
        "assert_every_raw_row_is_staged_or_quarantined",
        "delete from main_staging.checked_events where event_id = (select min(event_id) from main_staging.stg_events)",
    ),
    (
        "assert_every_raw_row_is_staged_or_quarantined",
        "update input_reconciliation set raw_count = raw_count + 1, staged_count = staged_count + 1",
    ),
    ("assert_quarantined_records_say_why", "update quarantined_records set rule = null where source_table = 'refunds'"),
    (
        "assert_quarantined_records_say_why",
        "update quarantined_records set rule = 'a,,b' where source_table = 'refunds'",
    ),
    ("assert_quarantined_records_say_why", "update quarantined_records set record = '' where source_table = 'refunds'"),
    (
        "assert_net_revenue_ties_to_purchases",
        "update customer_lifecycle set net_revenue_amount = net_revenue_amount + 0.01 "
        "where customer_id = (select min(customer_id) from main_intermediate.int_purchases)",
    ),
    (
        "assert_net_revenue_ties_to_purchases",
        "delete from customer_lifecycle "
        "where customer_id = (select min(customer_id) from main_intermediate.int_purchases)",
    ),
    ("assert_net_revenue_ties_to_purchases", "update customer_lifecycle set order_count = 1 where order_count = 0"),
    (
        "assert_net_revenue_ties_to_staged_orders_and_refunds",
        "delete from main_staging.checked_refunds "
        "where refund_id = (select min(refund_id) from main_staging.stg_refunds "
        "inner join main_intermediate.int_purchases using (order_id))",
    ),
    (
        "assert_net_revenue_ties_to_staged_orders_and_refunds",
        "update customer_lifecycle set net_revenue_amount = net_revenue_amount - 0.01 "
        "where customer_id = (select max(customer_id) from main_intermediate.int_purchases)",
    ),
    (
        "assert_everybody_has_one_stage_and_segment",
        "delete from customer_lifecycle where customer_id = (select min(customer_id) from customer_lifecycle)",
    ),
    (
        "assert_everybody_has_one_stage_and_segment",
        "update customer_lifecycle set segment = 'loyal' where purchase_count = 1",
    ),
    (
        "assert_everybody_has_one_stage_and_segment",
        "update customer_lifecycle set segment = 'vip' where purchase_count > 3",
    ),
    (
        "assert_everybody_has_one_stage_and_segment",
        "update customer_lifecycle set lifecycle_stage = 'prospect' where purchase_count = 2",
    ),
    (
        "assert_everybody_has_one_stage_and_segment",
        "update customer_lifecycle set rfm_code = '111' where purchase_count = 0",
    ),
    (
        "assert_stages_and_sub_states_are_allowed_pairs",
        "update customer_lifecycle set lifecycle_sub_state = 'advocate' where lifecycle_stage = 'new'",
    ),
    (
        "assert_stages_and_sub_states_are_allowed_pairs",
        "update customer_lifecycle set growth_stage = 'retention' where lifecycle_sub_state = 'lapsed'",
    ),
    (
        "assert_stages_and_sub_states_are_allowed_pairs",
        "delete from main_seeds.lifecycle_taxonomies where lifecycle_sub_state = 'lapsed'",
    ),
    (
        "assert_segment_population_is_the_population",
        "update segment_population set customer_count = customer_count - 1 where segment = 'sleeping'",
    ),
    ("assert_segment_population_is_the_population", "delete from segment_population where segment = 'sleeping'"),
    (
        "assert_segment_map_is_total_and_monotone",
        "delete from main_seeds.rfm_segment_map where recency_score = 3 and frequency_score = 3 and monetary_score = 3",
    ),
    (
        "assert_segment_map_is_total_and_monotone",
        "insert into main_seeds.rfm_segment_map select * from main_seeds.rfm_segment_map limit 1",
    ),
    (
        "assert_segment_map_is_total_and_monotone",
        "update main_seeds.rfm_segment_map set segment = 'sleeping' "
        "where recency_score = 5 and frequency_score = 5 and monetary_score = 4",
    ),
    (
        "assert_segment_map_is_total_and_monotone",
        "update main_seeds.rfm_segment_map set segment = 'at_risk' "
        "where recency_score = 3 and frequency_score = 2 and monetary_score = 1",
    ),
    (
        "assert_equal_customers_have_equal_scores",
        "update main_intermediate.int_customers_rfm_measured set recency_days = 1, frequency_count = 1, "
        "monetary_amount = 1, purchase_count = 1",
    ),
    (
        "assert_equal_customers_have_equal_scores",
        "update customer_lifecycle set recency_score = null where customer_id = (select min(customer_id) "
        "from main_intermediate.int_customers_rfm_measured)",
    ),
    (
        "assert_scores_are_monotone",
        "update main_intermediate.int_rfm_scores set score = 1 where metric = 'monetary' "
        "and metric_value = (select max(metric_value) from main_intermediate.int_rfm_scores where metric = 'monetary')",
    ),
    (
        "assert_scores_are_monotone",
        "update main_intermediate.int_rfm_scores set score = 5 where metric = 'recency' "
        "and metric_value = (select max(metric_value) from main_intermediate.int_rfm_scores where metric = 'recency')",
    ),
    ("assert_scores_are_monotone", "update rfm_cut_points set highest_value = lowest_value where metric = 'monetary'"),
    ("assert_scores_are_monotone", "update main_intermediate.int_rfm_scores set score = 6 where score = 5"),
    (
        "assert_outbox_has_nobody_forbidden",
        "update campaign_outbox "
        "set customer_id = (select min(customer_id) from customer_lifecycle where is_global_control) "
        "where message_key = (select min(message_key) from campaign_outbox)",
    ),
    (
        "assert_outbox_has_nobody_forbidden",
        "insert into main_intermediate.int_campaign_suppressions "
        "select customer_id, null, 'erased' from campaign_outbox limit 1",
    ),
    (
        "assert_outbox_has_nobody_forbidden",
        "insert into main_intermediate.int_campaign_suppressions "
        "select customer_id, channel, 'suppressed' from campaign_outbox limit 1",
    ),
    (
        "assert_outbox_has_nobody_forbidden",
        "update main_intermediate.int_consents_in_force set status = 'withdrawn' "
        "where customer_id in (select customer_id from campaign_outbox where channel = 'email')",
    ),
    ("assert_outbox_has_nobody_forbidden", "update campaign_outbox set address = null where channel = 'email'"),
    (
        "assert_outbox_has_nobody_forbidden",
        "update main_intermediate.int_campaign_considered set is_campaign_control = true "
        "where message_key = (select min(message_key) from campaign_outbox)",
    ),
    (
        "assert_outbox_has_nobody_forbidden",
        "update campaign_assignments set arm = 'control' "
        "where control_group = '(global)' and customer_id in (select customer_id from campaign_outbox)",
    ),
    (
        "assert_outbox_is_what_was_decided",
        "delete from campaign_outbox where message_key = (select min(message_key) from campaign_outbox)",
    ),
    (
        "assert_outbox_is_what_was_decided",
        "update segment_campaign set decision = 'hold' "
        "where message_key = (select min(message_key) from campaign_outbox)",
    ),
    (
        "assert_one_message_per_person_channel_and_day",
        "update segment_campaign set decision = 'send' where decision_reason like 'lower_priority:%'",
    ),
    (
        "assert_one_message_per_person_channel_and_day",
        "update segment_campaign set decision = 'hold', decision_reason = 'no_address' where decision = 'send'",
    ),
    (
        "assert_decisions_follow_their_reasons",
        "update segment_campaign set decision = 'hold' where decision_reason = 'no_consent'",
    ),
    (
        "assert_decisions_follow_their_reasons",
        "update segment_campaign set decision_reason = 'mood' where decision = 'hold'",
    ),
    (
        "assert_decisions_follow_their_reasons",
        "update segment_campaign set decision_reason = 'other_channel:fax' "
        "where decision_reason like 'other_channel:%'",
    ),
    (
        "assert_decisions_follow_their_reasons",
        "update segment_campaign set priority = 0 where decision_reason like 'lower_priority:%'",
    ),
    (
        "assert_decisions_follow_their_reasons",
        "update segment_campaign set decision = 'hold', decision_reason = 'frequency_cap:sms' where channel = 'email'",
    ),
    (
        "assert_control_groups_are_never_contacted",
        "insert into main_intermediate.int_campaign_sends (send_source, send_id, channel, campaign_id, customer_id, "
        "sent_on) select 'ledger', 'm', 'email', 'no_such_campaign', customer_id, assigned_on "
        "from campaign_assignments where control_group = '(global)' and arm = 'control' limit 1",
    ),
    (
        "assert_control_groups_are_never_contacted",
        "insert into main_intermediate.int_campaign_sends (send_source, send_id, channel, campaign_id, customer_id, "
        "sent_on) select 'ledger', 'm', 'email', campaign_id, customer_id, assigned_on "
        "from campaign_assignments where control_group <> '(global)' and arm = 'control' limit 1",
    ),
    (
        "assert_control_groups_are_never_contacted",
        "insert into main_intermediate.int_campaign_sends (send_source, send_id, channel, campaign_id, customer_id, "
        "sent_on) select 'ledger', 'm', 'email', 'winback_3', customer_id, assigned_on "
        "from campaign_assignments where campaign_id = 'winback_1' and arm = 'control' limit 1",
    ),
    ("assert_frequency_caps_hold", "update main_seeds.frequency_caps set max_messages = 0 where scope = 'email'"),
    ("assert_frequency_caps_hold", "update main_seeds.frequency_caps set max_messages = 0 where scope = 'all'"),
    (
        "assert_frequency_caps_hold",
        "update segment_campaign set decision = 'send' where decision_reason like 'frequency_cap:%' "
        "or decision_reason like 'lower_priority:%'",
    ),
    (
        "assert_frequency_caps_hold",
        "insert into main_intermediate.int_contacts select customer_id, channel, as_of_date - 6, 4 "
        "from segment_campaign where decision = 'send' and channel = 'email' limit 1",
    ),
    (
        "assert_budgets_hold",
        "update main_seeds.campaigns set budget_messages = 0 "
        "where campaign_id = (select min(campaign_id) from segment_campaign where decision = 'send')",
    ),
    (
        "assert_budgets_hold",
        "update main_seeds.campaigns set budget_amount = (select sum(cost_amount) - 0.0001 from segment_campaign "
        "where decision = 'send' and campaign_id = 'newsletter') where campaign_id = 'newsletter'",
    ),
    (
        "assert_frequency_caps_can_bind",
        "insert into main_seeds.frequency_caps select scope, max_messages + 1, window_days "
        "from main_seeds.frequency_caps where scope = 'sms'",
    ),
    (
        "assert_frequency_caps_can_bind",
        "update main_seeds.frequency_caps set max_messages = 4 where scope = 'all' and window_days = 30",
    ),
    ("assert_frequency_caps_can_bind", "update main_seeds.frequency_caps set window_days = 0 where scope = 'sms'"),
    ("assert_frequency_caps_can_bind", "update main_seeds.frequency_caps set max_messages = -1 where scope = 'sms'"),
    (
        "assert_audiences_can_have_members",
        "insert into main_seeds.campaign_audiences values ('at_risk_exclusive_offer', 1, 'segment', 'is', 'loyal')",
    ),
    (
        "assert_audiences_can_have_members",
        "insert into main_seeds.campaign_audiences values ('welcome', 1, 'tag', 'is_not', 'new_registration')",
    ),
    (
        "assert_audiences_can_have_members",
        "insert into main_seeds.campaign_audiences values ('acquisition_trial', 1, 'tag', 'is_not', 'purchase_intent')",
    ),
    (
        "assert_audiences_can_have_members",
        "insert into main_seeds.campaign_audiences "
        "values ('first_time_survey_with_voucher', 1, 'recency_days', 'at_most', '6.99')",
    ),
    ("assert_every_member_is_considered", "delete from segment_campaign where campaign_id = 'newsletter'"),
    (
        "assert_every_member_is_considered",
        "delete from main_intermediate.int_campaign_members where campaign_id = 'newsletter'",
    ),
    (
        "assert_campaign_shares_are_whole",
        "update main_seeds.campaign_variants set share = 0.4 where campaign_id = 'welcome' and variant = 'a'",
    ),
    (
        "assert_campaign_shares_are_whole",
        "update main_seeds.campaigns set holdout_share = 1 where campaign_id = 'welcome'",
    ),
    (
        "assert_audience_groups_have_a_positive_rule",
        "insert into main_seeds.campaign_audiences values ('welcome', 2, 'tag', 'is_not', 'reviewer')",
    ),
    (
        "assert_audience_groups_have_a_positive_rule",
        "delete from main_seeds.campaign_audiences where campaign_id = 'welcome'",
    ),
    (
        "assert_audience_groups_have_a_positive_rule",
        "delete from main_seeds.campaign_channels where campaign_id = 'welcome'",
    ),
    (
        "assert_audience_operands_exist",
        "update main_seeds.campaign_audiences set operand = 'vip' where field = 'segment' and operand = 'loyal'",
    ),
    (
        "assert_audience_operands_exist",
        "update main_seeds.campaign_audiences set operand = 'new_registratoin' where operand = 'new_registration'",
    ),
    (
        "assert_audience_operands_exist",
        "update main_seeds.campaign_audiences set operand = 'many' where operator = 'at_least'",
    ),
    (
        "assert_audience_operands_exist",
        "update main_seeds.campaign_audiences set operator = 'is' where field = 'recency_days'",
    ),
    ("assert_journeys_are_steps_in_order", "update main_seeds.journeys set step = 4 where step = 3"),
    (
        "assert_journeys_are_steps_in_order",
        "update main_seeds.journeys set delay_from = 'previous_step' where step = 1",
    ),
    ("assert_journeys_are_steps_in_order", "update main_seeds.campaigns set wave = 1 where campaign_id = 'winback_2'"),
    (
        "assert_campaigns_say_what_they_need",
        "update main_seeds.campaigns set entry_every_days = null where campaign_id = 'newsletter'",
    ),
    ("assert_campaigns_say_what_they_need", "update main_seeds.campaigns set task_owner = null where kind = 'task'"),
    (
        "assert_campaigns_say_what_they_need",
        "update main_seeds.campaigns set starts_on = date '2026-02-01', ends_on = date '2026-01-31'",
    ),
    (
        "assert_predictive_tags_need_profiling",
        "update main_intermediate.int_consents_in_force set purpose = 'profiling', status = 'withdrawn' "
        "where customer_id in (select customer_id from customer_tags where tag = 'purchase_intent')",
    ),
    (
        "assert_predictive_tags_need_profiling",
        "update customer_lifecycle set tags = 'interest_category:tea' where customer_id in "
        "(select customer_id from main_intermediate.int_customer_features where is_profiling_denied)",
    ),
    (
        "assert_the_log_ends_in_todays_tags",
        "delete from customer_tag_history where tag = 'high_value'",
    ),
    ("assert_the_log_ends_in_todays_tags", "delete from customer_tags where tag = 'purchased_category'"),
    ("assert_the_log_ends_in_todays_tags", "update customer_tags set since_on = since_on - 1 where tag = 'region'"),
    (
        "assert_the_log_ends_in_todays_tags",
        "update customer_tags set first_true_on = since_on + 1 where tag = 'region'",
    ),
    (
        "assert_the_log_ends_in_todays_tags",
        "insert into customer_tag_history select customer_id, tag, tag_value, valid_from - 9, valid_from + 1, 1 "
        "from customer_tag_history",
    ),
    (
        "assert_the_log_ends_in_todays_tags",
        "insert into customer_tag_history select customer_id, 'gone', null, valid_from, valid_from, 1 "
        "from customer_tag_history",
    ),
    ("assert_tag_counts_agree", "delete from customer_tags where tag = 'high_value'"),
    ("assert_tag_counts_agree", "update tag_catalogue set customer_count = 1 where tag = 'purchased_product'"),
    ("assert_tag_counts_agree", "delete from tag_performance where tag_value = 'coffee'"),
    (
        "assert_tag_counts_agree",
        "update main_intermediate.int_tag_runs_demo set customer_count = customer_count + 1 where tag = 'high_value'",
    ),
    (
        "assert_erased_people_have_no_personal_tags",
        "insert into main_intermediate.int_tag_log_demo select min(customer_id), 'gender', 'female', null, 'added', 1, "
        "date '2026-06-30' from main_intermediate.int_erased_people",
    ),
    (
        "assert_erased_people_have_no_personal_tags",
        "insert into customer_tags select min(customer_id), 'region', 'DE', date '2026-06-30', date '2026-06-30', "
        "'{}', 1 from main_intermediate.int_erased_people",
    ),
    ("assert_history_has_no_gap_or_overlap", "update lifecycle_history set valid_to = valid_to + 1"),
    (
        "assert_history_has_no_gap_or_overlap",
        "delete from lifecycle_history where valid_to is null "
        "and customer_id = (select min(customer_id) from lifecycle_history)",
    ),
    (
        "assert_history_has_no_gap_or_overlap",
        "update lifecycle_history set valid_from = valid_from - 1 where previous_stage is null",
    ),
    (
        "assert_history_has_no_gap_or_overlap",
        "update lifecycle_history set lifecycle_sub_state = 'x' where valid_to is null",
    ),
    (
        "assert_history_has_no_gap_or_overlap",
        "update lifecycle_history set previous_stage = 'loyal' where previous_stage = 'new'",
    ),
    (
        "assert_history_has_no_gap_or_overlap",
        "delete from lifecycle_history where customer_id = (select min(customer_id) from lifecycle_history)",
    ),
    (
        "assert_populations_agree",
        "update lifecycle_population_monthly set customer_count = customer_count + 1 "
        "where taxonomy = 'growth' and observed_on = (select max(observed_on) from lifecycle_population_monthly)",
    ),
    (
        "assert_populations_agree",
        "update lifecycle_population_monthly set customer_count = customer_count + 1 "
        "where taxonomy = 'value' and observed_on = (select min(observed_on) from lifecycle_population_monthly)",
    ),
    ("assert_populations_agree", "delete from lifecycle_population_monthly where taxonomy_stage = 'champion'"),
    (
        "assert_migration_adds_up_to_both_populations",
        "update lifecycle_migration set customer_count = customer_count + 1 where taxonomy = 'growth'",
    ),
    (
        "assert_migration_adds_up_to_both_populations",
        "update lifecycle_migration set customer_count = customer_count + 1 where stage_from = 'not_known'",
    ),
    (
        "assert_migration_adds_up_to_both_populations",
        "delete from lifecycle_migration where taxonomy = 'segment' and stage_from = 'loyal'",
    ),
    (
        "assert_monthly_segments_agree",
        "update rfm_segment_monthly set segment = 'loyal' where segment = 'champion' "
        "and observed_on = (select max(observed_on) from rfm_segment_monthly)",
    ),
    (
        "assert_monthly_segments_agree",
        "update rfm_segment_monthly set previous_segment = 'loyal' where previous_segment = 'champion'",
    ),
    ("assert_monthly_segments_agree", "update rfm_segment_monthly set monetary_score = 6 - monetary_score"),
    ("assert_monthly_segments_agree", "update rfm_cut_points_monthly set lowest_value = lowest_value - 1"),
    (
        "assert_monthly_segments_agree",
        "update segment_migration set customer_count = customer_count + 1 where previous_segment <> 'no_purchase'",
    ),
    (
        "assert_cohorts_add_up_to_all_buyers",
        "update cohort_retention set cohort_size = cohort_size + 1 where months_since = 0",
    ),
    (
        "assert_cohorts_add_up_to_all_buyers",
        "update cohort_retention set net_revenue_amount = net_revenue_amount + 0.01 "
        "where cohort_month = (select min(cohort_month) from cohort_retention)",
    ),
    (
        "assert_cohorts_add_up_to_all_buyers",
        "update cohort_retention set active_count = cohort_size + 1 where months_since = 1",
    ),
    (
        "assert_cohorts_add_up_to_all_buyers",
        "update time_to_second_purchase set second_purchase_count = second_purchase_count + 1 "
        "where cohort_month = 'all'",
    ),
    (
        "assert_cohorts_add_up_to_all_buyers",
        "delete from time_to_second_purchase "
        "where cohort_month = (select min(cohort_month) from time_to_second_purchase)",
    ),
    (
        "assert_predictions_are_possible",
        "delete from customer_value where customer_id = (select min(customer_id) from customer_value)",
    ),
    ("assert_predictions_are_possible", "update customer_value set p_no_purchase = 1.000001 where churn_risk = 'low'"),
    ("assert_predictions_are_possible", "update customer_value set p_alive = -0.1 where churn_risk = 'low'"),
    ("assert_predictions_are_possible", "update customer_value set predicted_purchase_count = -1"),
    (
        "assert_predictions_are_possible",
        "update customer_lifecycle set churn_risk = 'high' where lifecycle_stage = 'churned'",
    ),
    (
        "assert_predictions_are_possible",
        "update customer_lifecycle set churn_risk = 'low' where purchase_count > 0 and lifecycle_stage <> 'churned' and"
        " customer_id in (select customer_id from main_intermediate.int_customer_features where is_profiling_denied)",
    ),
    (
        "assert_predictions_are_possible",
        "update prediction_backtest set customer_count = customer_count - 1 where prediction_method = 'rate'",
    ),
    (
        "assert_predictions_are_possible",
        "update prediction_backtest set customer_count = customer_count - 1 where prediction_method = 'popularity'",
    ),
    (
        "assert_recommendations_are_possible",
        "update main_intermediate.int_customer_features set is_profiling_denied = true where customer_id ="
        " (select min(customer_id) from customer_recommendations)",
    ),
    (
        "assert_recommendations_are_possible",
        "update customer_360 set is_erased = true where customer_id ="
        " (select min(customer_id) from customer_recommendations)",
    ),
    (
        "assert_recommendations_are_possible",
        "update customer_recommendations set recommendation_kind = 'popular' where recommendation_kind ="
        " 'replenishment' and recommendation_rank = 2",
    ),
    (
        "assert_recommendations_are_possible",
        "update customer_recommendations set due_on = date '2099-01-01' where recommendation_kind = 'replenishment'",
    ),
    (
        "assert_recommendations_are_possible",
        "update main_staging.checked_products set launched_on = date '2030-01-01'",
    ),
    (
        "assert_recommendations_are_possible",
        "update customer_recommendations set recommendation_rank = recommendation_rank + 1",
    ),
    (
        "assert_recommendations_are_possible",
        "update customer_recommendations set product_id = 'the same' where recommendation_rank is not null",
    ),
    (
        "assert_recommendations_are_possible",
        "update customer_recommendations set score = 1.5 where recommendation_kind = 'popular'",
    ),
    (
        "assert_recommendations_are_possible",
        "update product_affinity set lift = 1 where affinity_rank = 1",
    ),
    (
        "assert_recommendations_are_possible",
        "update product_affinity set other_product_id = product_id where affinity_rank = 1",
    ),
    (
        "assert_recommendations_are_possible",
        "update customer_360 set favourite_category = 'other' where favourite_category is not null",
    ),
    (
        "assert_the_funnel_only_narrows",
        "update lifecycle_funnel set customer_count = customer_count + 1000 where step = 'loyal'",
    ),
    ("assert_the_funnel_only_narrows", "update lifecycle_funnel set median_days = -1 where step = 'loyal'"),
    (
        "assert_the_funnel_only_narrows",
        "delete from lifecycle_funnel where dimension_value = "
        "(select min(dimension_value) from lifecycle_funnel where dimension = 'acquisition_source')",
    ),
    (
        "assert_the_funnel_only_narrows",
        "delete from customer_lifecycle where customer_id = (select min(customer_id) from customer_lifecycle)",
    ),
    (
        "assert_the_timeline_tells_everything",
        "delete from main_intermediate.int_orders_refunded "
        "where refund_id = (select min(refund_id) from main_intermediate.int_orders_refunded)",
    ),
    (
        "assert_the_timeline_tells_everything",
        "update main_intermediate.int_orders_attributed set reporting_amount = reporting_amount + 1",
    ),
    (
        "assert_the_timeline_tells_everything",
        "delete from main_intermediate.int_identity_map where id_kind = 'anonymous'",
    ),
    (
        "assert_the_timeline_tells_everything",
        "delete from customer_lifecycle where customer_id = (select min(customer_id) from customer_lifecycle)",
    ),
    ("assert_tags_agree", "delete from customer_tags where tag = 'high_value'"),
    ("assert_tags_agree", "update customer_lifecycle set tags = replace(tags, 'high_value', 'high_valeu')"),
    *[
        ("assert_goals_make_sense", f"update main_seeds.marketing_goals set {change} where goal_id = '{goal}'")
        for goal, change in [
            ("leads_2026", "metric = 'visits'"),
            ("leads_2026", "metric = null"),
            ("leads_2026", "scope_kind = 'tag'"),
            ("leads_2026", "scope = 'loyal'"),
            ("leads_2026", "scope_kind = 'lifecycle_stage', scope = 'prospect'"),
            ("leads_2026", "direction = 'more'"),
            ("leads_2026", "direction = 'at_most'"),
            ("leads_2026", "starts_on = null"),
            ("leads_2026", "ends_on = date '2025-12-31'"),
            ("leads_2026", "target = null"),
            ("leads_2026", "target = 0"),
            ("champions_2026", "scope = 'vip'"),
            ("champions_2026", "scope = null"),
            ("champions_2026", "metric = 'new_buyers'"),
            ("churn_first_half_2026", "target = 25"),
            ("churn_first_half_2026", "direction = 'at_least'"),
            ("churn_first_half_2026", "scope_kind = 'segment', scope = 'loyal_visitor'"),
            ("churn_first_half_2026", "scope_kind = 'lifecycle_stage', scope = 'churned'"),
        ]
    ],
    (
        "assert_spend_adds_up",
        "delete from spend_by_stage where channel = 'email' and spend_month = '2026-06'",
    ),
    ("assert_spend_adds_up", "update spend_by_stage set spend_amount = spend_amount + 0.01 where channel = 'ads'"),
    ("assert_spend_adds_up", "update spend_by_stage set spend_count = spend_count + 1 where channel = 'ads'"),
    (
        "assert_content_adds_up_to_all_visits_and_purchases",
        "update content_performance set purchase_count = purchase_count + 1 where utm_campaign = 'brand'",
    ),
    (
        "assert_content_adds_up_to_all_visits_and_purchases",
        "update content_performance set net_revenue_amount = net_revenue_amount - 0.01 where utm_campaign = 'brand'",
    ),
    ("assert_content_adds_up_to_all_visits_and_purchases", "delete from content_performance where purchase_count = 0"),
    ("assert_the_sales_playbook_has_everybody", "delete from main_seeds.sales_playbook where scope = 'champion'"),
    (
        "assert_the_sales_playbook_has_everybody",
        "update main_seeds.sales_playbook set scope = 'vip' where scope = 'new'",
    ),
    (
        "assert_the_tracking_plan_can_be_kept",
        "update main_seeds.tracking_plan set event_type = 'Search' where event_type = 'search'",
    ),
    (
        "assert_the_tracking_plan_can_be_kept",
        "update main_seeds.tracking_plan set channels = 'web, app' where event_type = 'search'",
    ),
    (
        "assert_the_tracking_plan_can_be_kept",
        "update main_seeds.tracking_plan set required_columns = 'session_id,product' where event_type = 'search'",
    ),
    (
        "assert_the_tracking_plan_can_be_kept",
        "update main_seeds.tracking_plan set consent_purpose = 'ads' where event_type = 'search'",
    ),
    (
        "assert_the_tracking_plan_can_be_kept",
        "update main_seeds.tracking_plan set max_silence_days = 0 where event_type = 'search'",
    ),
    ("assert_owners_have_everybody", "delete from owner_performance where owner_id = 'sales-01'"),
    (
        "assert_owners_have_everybody",
        "update owner_performance set net_revenue_amount = net_revenue_amount + 0.01 where owner_id = 'sales-01'",
    ),
    (
        "assert_owners_have_everybody",
        "update owner_performance set loyal_count = loyal_count + 1 where owner_id = 'sales-01'",
    ),
    ("assert_tracking_counts_every_event", "delete from tracking_coverage where event_type = 'search'"),
    ("assert_tracking_counts_every_event", "delete from tracking_coverage where event_type = '(none)'"),
    ("assert_tasks_add_up", "update task_performance set open_count = 1 where campaign_id = 'personal_note'"),
    ("assert_tasks_add_up", "update task_performance set bought_count = 1 where campaign_id = 'personal_note'"),
    ("assert_tasks_add_up", "update task_performance set churned_count = 1 where campaign_id = 'personal_note'"),
    ("assert_tasks_add_up", "delete from task_performance where campaign_id = 'personal_note'"),
    *(
        (
            "assert_the_ledger_is_sound",
            f"{LEDGER} select * from (values {rows}) as events",
        )
        for rows in (
            # sent twice, never claimed, claimed afterwards, claimed in another batch, sent to nobody, added twice
            f"('e1', 'm', 'email', 'k', {PERSON}, 'send', 'claimed', 'b', '2026-06-01 10:00:00'), "
            f"('e2', 'm', 'email', 'k', {PERSON}, 'send', 'sent', 'b', '2026-06-01 10:00:01'), "
            f"('e3', 'm', 'email', 'k', {PERSON}, 'send', 'sent', 'b', '2026-06-01 10:00:02')",
            f"('e1', 'm', 'email', 'k', {PERSON}, 'send', 'sent', 'b', '2026-06-01 10:00:01')",
            f"('e1', 'm', 'email', 'k', {PERSON}, 'send', 'sent', 'b', '2026-06-01 10:00:01'), "
            f"('e2', 'm', 'email', 'k', {PERSON}, 'send', 'claimed', 'b', '2026-06-01 10:00:02')",
            f"('e1', 'm', 'email', 'k', {PERSON}, 'send', 'claimed', 'b1', '2026-06-01 10:00:00'), "
            f"('e2', 'm', 'email', 'k', {PERSON}, 'send', 'sent', 'b2', '2026-06-01 10:00:01')",
            "('e1', 'm', 'email', 'k', null, 'send', 'claimed', 'b', '2026-06-01 10:00:00'), "
            "('e2', 'm', 'email', 'k', null, 'send', 'sent', 'b', '2026-06-01 10:00:01')",
            f"('e1', 'm', 'ads', 'k', {PERSON}, 'add', 'sent', 'b', '2026-06-01 10:00:00'), "
            f"('e2', 'm', 'ads', 'k', {PERSON}, 'add', 'sent', 'b', '2026-06-01 10:00:01')",
        )
    ),
    *(
        (
            "assert_the_ledger_reached_nobody_held_out",
            f"{LEDGER} select 'e', 'm', 'email', {campaign}, keys.person_key, '{op}', '{state}', 'b', '2030-01-01' "
            "from campaign_assignments as arms inner join main_intermediate.int_person_keys as keys "
            f"on arms.customer_id = keys.customer_id where arms.arm = 'control' and {group} limit 1",
        )
        for op, state, campaign, group in (
            ("send", "sent", "'no_such_campaign'", "arms.control_group = '(global)'"),
            ("send", "claimed", "'no_such_campaign'", "arms.control_group = '(global)'"),
            ("add", "unknown", "'no_such_campaign'", "arms.control_group = '(global)'"),
            ("send", "sent", "arms.campaign_id", "arms.campaign_id is not null"),
            ("send", "sent", "'winback_3'", "arms.campaign_id = 'winback_1'"),
        )
    ),
    *(
        (
            "assert_the_ledger_agrees_with_the_decisions",
            f"{LEDGER} select 'e', message_key, {channel}, {campaign}, {person}, 'send', 'sent', 'b', '2026-06-01' "
            "from campaign_outbox order by message_key desc limit 1",
        )
        for channel, campaign, person in (
            ("'fax'", "campaign_id", "person_key"),
            ("channel", "'no_such_campaign'", "person_key"),
            ("channel", "campaign_id", PERSON),
            ("channel", "campaign_id", "'nobody'"),
        )
    ),
    (
        "assert_the_ledger_agrees_with_the_decisions",
        "insert into main_intermediate.int_campaign_sends (send_source, send_id, message_key) "
        "select 'ledger', message_key, message_key from campaign_outbox limit 1",
    ),
    *(
        (
            "assert_audiences_have_nobody_forbidden",
            corruption,
        )
        for corruption in (
            "update audience_members set campaign_id = 'welcome'",
            "update audience_members set channel = 'fax'",
            "insert into main_intermediate.int_campaign_suppressions "
            "select customer_id, channel, 'suppressed' from audience_members limit 1",
            "insert into main_intermediate.int_campaign_suppressions "
            "select customer_id, null, 'erased' from audience_members limit 1",
            "update customer_lifecycle set is_global_control = true "
            "where customer_id in (select customer_id from audience_members)",
            "update main_intermediate.int_campaign_arms set is_campaign_control = true",
            "update main_intermediate.int_consents_in_force set status = 'denied' where channel = 'ads'",
            "update audience_members set email_sha256_meta = sha256('')",
            "update audience_members set email_sha256_meta = null where email_sha256_google is not null",
            "update audience_members set phone_sha256_meta = null where phone_sha256_google is not null",
            "update audience_members set phone_sha256_meta = phone_sha256_google where phone_sha256_google is not null",
        )
    ),
    *(
        (
            "assert_profiles_say_who_must_not_be_contacted",
            corruption,
        )
        for corruption in (
            "update customer_profiles set contact_status = 'contactable' where contact_status = 'control'",
            "update customer_profiles set contact_status = 'contactable' where contact_status = 'no_consent'",
            "insert into main_intermediate.int_campaign_suppressions "
            "select customer_id, null, 'suppressed' from customer_profiles "
            "where contact_status = 'contactable' limit 1",
            "update customer_360 set is_erased = true where customer_id in (select customer_id from customer_profiles)",
        )
    ),
    ("assert_sales_tasks_are_what_was_decided", "delete from sales_tasks where owner_id is null"),
    (
        "assert_sales_tasks_are_what_was_decided",
        "update segment_campaign set decision = 'hold' where channel = 'crm_task'",
    ),
    *(
        (
            "assert_nothing_is_blocked_right_after_a_build",
            corruption,
        )
        for corruption in (
            "insert into main_seeds.demo_consents (customer_id, channel, purpose, status, changed_at) "
            "select customer_id, 'email', 'marketing', 'withdrawn', '?' from campaign_outbox "
            "where channel = 'email' limit 1",
            "insert into main_seeds.demo_messages (message_id, customer_id, channel, event_type, occurred_at) "
            "select 'new', customer_id, 'email', 'complained', '2030-01-01' from campaign_outbox "
            "where channel = 'email' limit 1",
            "insert into main_seeds.demo_erasure_requests (customer_id) "
            "select customer_id from customer_profiles limit 1",
            "insert into main_seeds.demo_suppressions (identifier_hash) "
            "select upper(sha256(address)) from campaign_outbox where channel = 'email' limit 1",
        )
    ),
]


def data_tests(built: Built) -> list[Any]:
    """What became of each data test of a dbt command."""
    results: list[Any] = getattr(built.result.result, "results", [])
    return [result for result in results if result.node.resource_type == "test"]


@pytest.fixture(scope="module")
def world(demo: Shop) -> tuple[Shop, dict[str, str]]:
    """A copy of the demo, and the SQL of every singular test, which dbt ran on it."""
    shop = new_shop("test_rules_data_tests")
    demo.copy_database(shop.database)
    built = shop.dbt("test", "--select", "test_type:singular")
    results = data_tests(built)
    assert {str(result.status) for result in results} == {"pass"}, built.log
    return shop, {result.node.name: result.node.compiled_code for result in results}


def failures(shop: Shop, corruption: str, test: str) -> list[tuple[Any, ...]]:
    """The rows that a test returns after a corruption, which must change something and is taken back."""
    connection = duckdb.connect(str(shop.database))
    try:
        connection.execute("begin transaction")
        (changed,) = connection.execute(corruption).fetchall()[0]
        assert changed > 0, f"the corruption changes nothing: {corruption}"
        return connection.execute(test).fetchall()
    finally:
        connection.execute("rollback")
        connection.close()


def test_every_singular_test_has_a_corruption(world: tuple[Shop, dict[str, str]]) -> None:
    names = {path.stem for path in (PROJECT / "tests" / "data").glob("*.sql")}
    assert names == set(world[1]) == {name for name, _ in CORRUPTIONS}


@pytest.mark.parametrize(("name", "corruption"), CORRUPTIONS)
def test_corruption_fails_its_test(world: tuple[Shop, dict[str, str]], name: str, corruption: str) -> None:
    shop, tests = world
    assert failures(shop, corruption, tests[name])


def test_every_constraint_of_every_filled_table_is_seen_to_fail(world: tuple[Shop, dict[str, str]]) -> None:
    """A row twice, a NULL in each column that has none, a strange value in each column with a list of values."""
    shop, _ = world
    tests = data_tests(shop.dbt("test", "--select", "test_name:clm_constraints"))
    tables = {
        name: f"{schema}.{name}" for schema, name in shop.rows("select schema_name, table_name from duckdb_tables()")
    }
    types = dict(shop.rows("select table_name || '.' || column_name, data_type from information_schema.columns"))
    seen = dict.fromkeys(("key", "not_null", "accepted_values"), 0)
    for test in tests:
        name = str(test.node.attached_node).split(".")[-1]
        table, arguments = tables.get(name), test.node.test_metadata.kwargs
        if table is None or not shop.rows(f"select 1 from {table} limit 1"):
            continue
        broken = [(f"update {table} set {column} = null where rowid = (select min(rowid) from {table})",
                   f"{column} is NULL in 1 rows") for column in arguments.get("not_null", [])]  # fmt: skip
        seen["not_null"] += len(broken)
        for column in arguments.get("accepted_values", {}):
            strange = {"VARCHAR": "'?'", "BOOLEAN": f"not {column}"}.get(types[f"{name}.{column}"], "-7")
            change = f"update {table} set {column} = {strange} where rowid = (select min(rowid) from {table})"
            broken.append((change, f"{column} has a value that is not accepted in 1 rows"))
            seen["accepted_values"] += 1
        if arguments.get("key"):
            again = f"insert into {table} select * from {table} limit 1"
            broken.append((again, f"{', '.join(arguments['key'])} not unique: 1 values stand in more than one row"))
            seen["key"] += 1
        for corruption, sentence in broken:
            said = failures(shop, corruption, str(test.node.compiled_code))
            assert any(sentence in row[0] for row in said), (name, corruption, said)
    assert seen["key"] >= 200 and seen["not_null"] >= 700 and seen["accepted_values"] >= 60, seen


def test_dbt_says_which_test_failed(world: tuple[Shop, dict[str, str]]) -> None:
    shop, _ = world
    connection = duckdb.connect(str(shop.database))
    connection.execute("update segment_population set customer_count = customer_count + 1")
    connection.close()
    built = shop.dbt("test", "--select", "test_type:singular")
    assert not built.success
    failed = [result.node.name for result in data_tests(built) if str(result.status) == "fail"]
    assert failed == ["assert_segment_population_is_the_population"]


def test_dbt_says_which_column_broke_its_constraint(world: tuple[Shop, dict[str, str]]) -> None:
    shop, _ = world
    connection = duckdb.connect(str(shop.database))
    connection.execute("update segment_population set customer_count = null")
    connection.close()
    built = shop.dbt("test", "--select", "segment_population,test_name:clm_constraints")
    assert not built.success
    rows = shop.rows("select count(*) from segment_population")[0][0]
    assert f"Broken constraint of segment_population: customer_count is NULL in {rows} rows" in built.log
