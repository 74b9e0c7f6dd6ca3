package check

// checks lists every check in the order of a Result. The outcomes of checks in
// one line alternate field by field. A check that reads other checks' outcomes
// (measure, goal) comes after them.
var checks = [][]definition{
	{rowsCheck},
	{valuesCheck},
	{nullsCheck},
	{uniqueCheck},
	{personsCheck},
	{nearPersonsCheck},
	{groupCheck},
	{dateCheck},
	{rowCellsCheck},
	{recordsCheck},
	{weightCheck},
	{bandCheck},
	{impossibleCheck},
	{openCheck, frequencyCheck},
	{stratumCheck},
	{tableCheck},
	{stepCheck},
	{numberCheck},
	{correlationCheck},
	{statisticCheck},
	{independentCheck},
	{limitCheck},
	{writtenCheck},
	{textCheck},
	{languageCheck},
	{ruleCheck},
	{nearDuplicatesCheck, openingsCheck},
	{recurrenceCheck},
	{sourceCheck},
	{measureCheck},
	{goalCheck},
}
