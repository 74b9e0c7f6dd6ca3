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
	{groupCheck, untoldGroups},
	{dateCheck, untoldDates},
	{rowCellsCheck, untoldCells},
	{recordsCheck, recordCountsCheck, untoldCounts},
	{weightCheck},
	{bandCheck, untoldBands},
	{impossibleCheck},
	{openCheck, frequencyCheck, untoldEntries},
	{stratumCheck},
	{tableCheck},
	{stepCheck},
	{numberCheck, untoldNumbers},
	{correlationCheck},
	{statisticCheck},
	{independentCheck},
	{limitCheck, scoreLimitCheck},
	{judgedCheck},
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
